"""One run: a local Kafka, workers, a load, and scheduled faults; then the inspection."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kafka.errors import KafkaError

from streams.kafka.topics import CHANGELOG
from streams.local.kafka_cluster import LocalKafka
from streams.metrics.scrape import Scrape
from tests.chaos import brokers, inspection
from tests.chaos.fleet import MOST, Fleet, Member, clocks
from tests.chaos.load import POLICIES
from tests.chaos.progress import Progress, Span, gaps
from tests.chaos.schedule import Counts, Fault, Step, schedule
from tests.chaos.sending import Sender
from tests.cli.command import promises
from tests.worker.records import PARTITIONS

SECONDS_TO_CATCH_UP: Final = 120.0
ZOMBIE_SECONDS: Final = 12.0
"""The length of a freeze: longer than a session of the group."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The parameters of a run.

    minutes: the time limit for the faults. rate: records a second. patience: the seconds to wait for a recovery before
    the next fault. haste: the share of faults that strike before the recovery from the one before.
    """

    seed: int
    counts: Counts
    brokers: int = 1
    minutes: float = 25.0
    rate: float = 300.0
    patience: float = 30.0
    haste: float = 0.4
    cut_seconds: float = 60.0


@dataclass(slots=True)
class Result:
    """The results of a run.

    events: records sent. read: records in the log. exits: unexpected ends of workers, by exit code. stops: the seconds
    and exit codes of requested stops. starts: the seconds that starting a worker took. gaps: the seconds without
    progress, by fault.
    """

    plan: Plan
    events: int = 0
    read: int = 0
    minutes: float = 0.0
    done: Counter[Fault] = field(default_factory=Counter)
    exits: Counter[int] = field(default_factory=Counter)
    stops: list[tuple[float, int]] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    gaps: dict[str, list[float]] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)


def run(plan: Plan, directory: Path, write_line: Callable[[str], None]) -> Result:
    """Run a plan. directory: for the logs of the workers. Raises KafkaUnavailable."""
    policies = directory / "policies.toml"
    policies.write_text(POLICIES, encoding="utf-8")
    with LocalKafka(plan.brokers) as kafka:
        made = promises("topics", "--bootstrap", kafka.bootstrap, "--replication", str(plan.brokers))
        assert made.code == 0, made.err
        return _Run(plan, directory, policies, kafka, write_line).result()


class _Run:
    def __init__(
        self, plan: Plan, directory: Path, policies: Path, kafka: LocalKafka, write_line: Callable[[str], None]
    ) -> None:
        self._plan = plan
        self._log = directory / "log.ndjson"
        self._policies = policies
        self._kafka = kafka
        self._began = time.monotonic()
        self._write_line = write_line
        self._fleet = Fleet(kafka.bootstrap, directory, policies, self._write)
        self._load = Sender(kafka.bootstrap, plan.seed, plan.rate)
        self._progress = Progress(kafka.bootstrap, CHANGELOG.name)
        self._spans: list[Span] = []
        self._at_once = False
        self._crashes = 0
        self._result = Result(plan)

    def result(self) -> Result:
        try:
            self._strike_all()
            pages = self._catch_up()
            for member in [*self._fleet.members]:
                self._fleet.leave(member)
        finally:
            self._fleet.end()
        self._inspect(pages)
        return self._result

    def _write(self, text: str) -> None:
        self._write_line(f"{time.monotonic() - self._began:7.1f} s  {text}")

    def _strike_all(self) -> None:
        for _ in range(2):
            self._fleet.join()
        self._load.start()
        self._progress.start()
        self._recover()
        for step in schedule(self._plan.seed, self._plan.counts, self._plan.haste):
            if time.monotonic() > self._began + self._plan.minutes * 60:
                break
            if not step.at_once:
                self._recover()
            self._wait(step.pause)
            self._strike(step)
        self._recover()
        self._close_span()

    def _strike(self, step: Step) -> None:
        self._at_once = step.at_once
        action = {
            Fault.KILL: self._kill,
            Fault.REBALANCE: self._rebalance,
            Fault.ZOMBIE: self._freeze,
            Fault.BROKER: self._restart_broker,
            Fault.CUT: self._cut,
        }[step.fault]
        action(step.pick)
        self._result.done[step.fault] += 1

    def _kill(self, pick: float) -> None:
        member = self._pick(pick)
        self._open_span(f"kill -9{' (static)' if member.is_static else ''}", member.name)
        self._fleet.kill(member)

    def _rebalance(self, pick: float) -> None:
        awake = self._fleet.awake()
        if len(self._fleet.members) < MOST and (len(awake) < 2 or pick < 0.5):
            self._open_span("join", "")
            self._write(f"{self._fleet.join().name} joined")
        else:
            member = self._pick(pick)
            self._open_span(f"gentle stop{' (static)' if member.is_static else ''}", member.name)
            self._fleet.leave(member)

    def _freeze(self, pick: float) -> None:
        member = self._pick(pick)
        self._open_span("zombie", member.name)
        self._fleet.freeze(member, ZOMBIE_SECONDS)

    def _restart_broker(self, pick: float) -> None:
        number = 1 + int(pick * self._plan.brokers)
        self._crashes += 1
        is_crash = self._crashes % 2 == 0
        self._open_span(f"broker {'kill -9' if is_crash else 'stop'}", f"broker {number}")
        brokers.restart(self._kafka, number, crash=is_crash, meanwhile=self._tend, down=1 + 5 * pick)
        self._write(f"broker {number} is back")

    def _cut(self, pick: float) -> None:
        self._open_span("cut", f"all brokers for {self._plan.cut_seconds:.0f} s")
        began = time.monotonic()
        brokers.cut_off(
            self._kafka, seconds=self._plan.cut_seconds, meanwhile=self._tend, elapsed=lambda: time.monotonic() - began
        )

    def _pick(self, pick: float) -> Member:
        """Return a worker that is awake; if there is none, a frozen one."""
        candidates = self._fleet.awake() or self._fleet.members
        return candidates[int(pick * len(candidates))]

    def _open_span(self, fault: str, target: str) -> None:
        self._close_span()
        self._spans.append(Span(fault, time.monotonic(), 0.0, self._at_once))
        self._write(f"{fault} {target}")

    def _close_span(self) -> None:
        if self._spans:
            self._spans[-1] = self._spans[-1]._replace(end=time.monotonic())

    def _tend(self) -> None:
        self._fleet.tend()
        time.sleep(0.1)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._tend()

    def _recover(self) -> None:
        """Wait until all workers that are awake are ready and every partition makes progress, or patience has ended."""
        began = time.monotonic()
        while not (self._fleet.is_whole() and self._progress.all_moved_since(time.monotonic() - 2)):
            self._wait(0.3)
            if time.monotonic() > began + self._plan.patience:
                self._write(f"not recovered after {self._plan.patience:.0f} s")
                return

    def _catch_up(self) -> list[Scrape]:
        """End the load, and return the pages of all workers when they have read it."""
        self._progress.finish()
        self._write("the load ends")
        try:
            self._load.finish()
        except (KafkaError, RuntimeError) as error:
            self._result.differences.append(f"the load itself: {error}")
        while self._fleet.frozen():
            self._tend()
        until = time.monotonic() + SECONDS_TO_CATCH_UP
        while not self._has_caught_up() and time.monotonic() < until:
            self._wait(0.5)
        time.sleep(1)  # a page is a moment behind
        return self._fleet.pages()

    def _has_caught_up(self) -> bool:
        watermarks = [clock for page in self._fleet.pages() for clock in clocks(page).values()]
        return self._fleet.is_whole() and watermarks == [self._load.last] * PARTITIONS

    def _inspect(self, pages: list[Scrape]) -> None:
        result, fleet = self._result, self._fleet
        result.minutes = (time.monotonic() - self._began) / 60
        self._write("comparing the results")
        truth = inspection.truth_of(self._kafka.bootstrap, self._log)
        result.events = self._load.sent
        result.read = truth.metrics["promises_events_total"].total() + len(truth.rejects)
        result.differences += inspection.differences(self._kafka.bootstrap, pages, truth, self._log, self._policies)
        missing = {str(fault): n - result.done[fault] for fault, n in self._plan.counts.each().items()}
        if any(missing.values()):
            result.differences.append(f"faults not reached in {self._plan.minutes} minutes: {missing}")
        result.exits, result.stops, result.starts = fleet.exits, fleet.stops, fleet.starts
        result.gaps = gaps(self._progress, self._spans)
