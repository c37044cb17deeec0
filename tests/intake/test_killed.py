"""Intake is killed, frozen and rebalanced under load: every event is in promise.events once."""

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


class OrderLoad:
    """A producer that sends orders until it is stopped, and remembers them."""

    def __init__(self, bootstrap: str, topic: str, name: str) -> None:
        self.cases: list[str] = []
        self._bootstrap, self._topic, self._name = bootstrap, topic, name
        self._closed = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send orders during the block."""
        thread = threading.Thread(target=self._send_orders)
        thread.start()
        try:
            yield
        finally:
            self._closed.set()
            thread.join()

    def _send_orders(self) -> None:
        while not self._closed.wait(0.2):
            first = len(self.cases)
            cases = [f"{self._name}:{number}" for number in range(first, first + WAVE)]
            send(self._bootstrap, *(counts for case in cases for counts in orders(case)), topic=self._topic)
            self.cases += cases


def orders(case: str) -> Iterator[SentRecord]:
    """Yield the events of an order that is promised and ready."""
    made = wall_clock()
    order = Order(case, "load")
    yield order.promised(made, made + HOUR)
    yield order.reached("ready", made)


def events(bootstrap: str) -> list[tuple[KafkaRecord, CaseEvent]]:
    """Return the committed events in promise.events, without clock records."""
    records = [
        (record, msgspec.json.decode(record.value or b"", type=Record)) for record in read(bootstrap, EVENTS.name)
    ]
    return [(record, event) for record, event in records if not isinstance(event, Clock)]


def assert_each_event_once(bootstrap: str, load: OrderLoad) -> None:
    """Assert that both events of each order are there once, in order, in the partition of their key."""
    name = load.cases[0].partition(":")[0]
    records = [(record, event) for record, event in events(bootstrap) if event.case.startswith(f"{name}:")]
    counts = Counter((event.case, event.id) for _, event in records)
    assert counts == Counter((case, id) for case in load.cases for id in ("promised", "ready"))
    assert [event.id for _, event in sorted(records, key=lambda pair: (pair[1].case, pair[0].offset))] == [
        "promised",
        "ready",
    ] * len(load.cases)
    for record, event in records:
        assert record.key == event.case.encode()
        assert record.partition == (murmur2(record.key) & 0x7FFFFFFF) % PARTITIONS


def test_intake_killed_five_times_under_load_writes_every_event_once(
    bootstrap: str, feeds: Path, tmp_path: Path
) -> None:
    load = OrderLoad(bootstrap, "feeds.till", "killed")
    with Intake(bootstrap, tmp_path, feeds, "--instance", "one") as intake:
        intake.until_ready()
        with load.running():
            done = 0.0
            for kill in range(KILLS):
                done = intake.until_read(int(done) + 1).sum("promises_intake_records_total")
                time.sleep(0.1 * kill)
                intake.kill()
                intake.start()
        page = intake.until_read(2 * len(load.cases))
        assert_each_event_once(bootstrap, load)
        counted = page.by("promises_intake_records_total", "outcome", feed="till")
        assert {outcome: number for (outcome,), number in counted.items() if number} == {"adapted": 2 * len(load.cases)}
        assert intake.stop(10) == 0


def test_a_member_that_was_frozen_for_longer_than_its_session_writes_nothing(
    bootstrap: str, feeds: Path, tmp_path: Path
) -> None:
    load = OrderLoad(bootstrap, "feeds.till", "shared")
    with Intake(bootstrap, tmp_path, feeds) as first, Intake(bootstrap, tmp_path, feeds) as second:
        until(lambda: all(owned(member) for member in (first, second)), "each has some partitions")
        assert not owned(first) & owned(second)
        read_before = read_by(first, second)
        with load.running():
            until(lambda: read_by(first, second) > read_before + WAVE, "they work")
            first.process.send_signal(signal.SIGSTOP)
            try:
                until(lambda: len(owned(second)) == 2 * PARTITIONS, "the other has all partitions")
            finally:
                first.process.send_signal(signal.SIGCONT)
            until(lambda: 0 < len(owned(first)) < 2 * PARTITIONS, "it is given some again")
        until(lambda: read_by(first, second) == read_before + 2 * len(load.cases), "all is read")
        assert_each_event_once(bootstrap, load)


def owned(intake: Intake) -> set[tuple[str, ...]]:
    """Return the partitions of feeds on its page, while it is ready."""
    page = intake.page()
    ready = page.sum("promises_intake_ready") == 1
    return set(page.by("promises_intake_lag_records", "feed", "partition")) if ready else set()


def read_by(*intakes: Intake) -> float:
    return sum(intake.page().sum("promises_intake_records_total", feed="till") for intake in intakes)
