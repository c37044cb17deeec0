"""Intake is killed, put to sleep and dealt out anew under load: every event is in promise.events once."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from kafka.partitioner.default import murmur2

from schemas.events import CaseEvent, Clock, Record
from streams.kafka.topics import EVENTS
from streams.records import KafkaRecord
from streams.wall_clock import wall_clock
from tests.worker.records import PARTITIONS, Order, SentRecord, read, send
from tests.worker.workers import Intake, until

HOUR = 3_600_000
WAVE = 150
KILLS = 5


class Rush:
    """A shop that takes orders until it is told to close, and knows what it sent."""

    def __init__(self, bootstrap: str, topic: str, name: str) -> None:
        self.cases: list[str] = []
        self._bootstrap, self._topic, self._name = bootstrap, topic, name
        self._closed = threading.Event()

    @contextmanager
    def hour(self) -> Iterator[None]:
        """While this lasts, orders come in."""
        crowd = threading.Thread(target=self._take_orders)
        crowd.start()
        try:
            yield
        finally:
            self._closed.set()
            crowd.join()

    def _take_orders(self) -> None:
        while not self._closed.wait(0.2):
            first = len(self.cases)
            cases = [f"{self._name}:{number}" for number in range(first, first + WAVE)]
            send(self._bootstrap, *(told for case in cases for told in orders(case)), topic=self._topic)
            self.cases += cases


def orders(case: str) -> Iterator[SentRecord]:
    """An order is promised and ready."""
    made = wall_clock()
    order = Order(case, "rush")
    yield order.promised(made, made + HOUR)
    yield order.reached("ready", made)


def events(bootstrap: str) -> list[tuple[KafkaRecord, CaseEvent]]:
    """What stands in promise.events for readers of what is committed, without clock records."""
    found = [(held, msgspec.json.decode(held.value or b"", type=Record)) for held in read(bootstrap, EVENTS.name)]
    return [(held, event) for held, event in found if not isinstance(event, Clock)]


def each_once(bootstrap: str, rush: Rush) -> None:
    """Both events of each order are there once, in their order, where the clients of Kafka put that key."""
    name = rush.cases[0].partition(":")[0]
    found = [(held, event) for held, event in events(bootstrap) if event.case.startswith(f"{name}:")]
    told = Counter((event.case, event.id) for _, event in found)
    assert told == Counter((case, said) for case in rush.cases for said in ("promised", "ready"))
    assert [event.id for _, event in sorted(found, key=lambda one: (one[1].case, one[0].offset))] == [
        "promised",
        "ready",
    ] * len(rush.cases)
    for held, event in found:
        assert held.key == event.case.encode()
        assert held.partition == (murmur2(held.key) & 0x7FFFFFFF) % PARTITIONS


def test_an_intake_that_is_killed_five_times_under_load_says_everything_once(
    bootstrap: str, feeds: Path, tmp_path: Path
) -> None:
    rush = Rush(bootstrap, "feeds.till", "killed")
    with Intake(bootstrap, tmp_path, feeds, "--instance", "one") as intake:
        intake.until_ready()
        with rush.hour():
            done = 0.0
            for kill in range(KILLS):
                done = intake.until_read(int(done) + 1).sum("promises_intake_records_total")
                time.sleep(0.1 * kill)
                intake.kill()
                intake.start()
        page = intake.until_read(2 * len(rush.cases))
        each_once(bootstrap, rush)
        counted = page.by("promises_intake_records_total", "outcome", feed="till")
        assert {outcome: number for (outcome,), number in counted.items() if number} == {"adapted": 2 * len(rush.cases)}
        assert intake.stop(10) == 0


def test_members_share_a_feed_and_one_that_slept_through_its_session_writes_nothing(
    bootstrap: str, feeds: Path, tmp_path: Path
) -> None:
    rush = Rush(bootstrap, "feeds.till", "shared")
    with Intake(bootstrap, tmp_path, feeds) as first, Intake(bootstrap, tmp_path, feeds) as second:
        until(lambda: all(owned(one) for one in (first, second)), "each has some partitions")
        assert not owned(first) & owned(second)
        already = read_by(first, second)
        with rush.hour():
            until(lambda: read_by(first, second) > already + WAVE, "they work")
            first.process.send_signal(signal.SIGSTOP)
            try:
                until(lambda: len(owned(second)) == 2 * PARTITIONS, "the other has all partitions")
            finally:
                first.process.send_signal(signal.SIGCONT)
            until(lambda: 0 < len(owned(first)) < 2 * PARTITIONS, "it is given some again")
        until(lambda: read_by(first, second) == already + 2 * len(rush.cases), "all is read")
        each_once(bootstrap, rush)


def owned(intake: Intake) -> set[tuple[str, ...]]:
    """The partitions of feeds that it shows, while it is ready."""
    page = intake.page()
    ready = page.sum("promises_intake_ready") == 1
    return set(page.by("promises_intake_lag_records", "feed", "partition")) if ready else set()


def read_by(*intakes: Intake) -> float:
    return sum(intake.page().sum("promises_intake_records_total", feed="till") for intake in intakes)
