"""Whoever looks for differences must find them: an afternoon as it was, and what could have become of it."""

from __future__ import annotations

from itertools import islice

import msgspec
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from schemas.reading import Refused
from schemas.verdicts import VerdictRecord
from streams.config.policies import parse_policies
from streams.metrics.scrape import Scrape
from streams.records import KafkaRecord
from streams.state.partition import PartitionState
from streams.worker.metrics import WorkerCollector
from streams.worker.snapshot import PartitionSnapshot, WorkerSnapshot
from tests.chaos import books, compare
from tests.chaos.load import POLICIES, orders
from tests.chaos.reducer import Expected, Reducer

FOREVER = 4_000_000_000_000


class Afternoon:
    """A log, what one worker made of it without any trouble, and what must come of it."""

    def __init__(self) -> None:
        given = list(islice(orders(1, open_at_once=100), 2_000))
        self.events = [KafkaRecord(one.at, one.key, one.value, offset=offset) for offset, one in enumerate(given)]
        self.truth = Expected()
        self.verdicts: list[KafkaRecord] = []
        self.rejects: list[KafkaRecord] = []
        self.written: list[KafkaRecord] = []
        self._work()
        self.cases = set(self.truth.cases)

    def _work(self) -> None:
        reducer = Reducer(0, self.truth)
        book = PartitionState(parse_policies(POLICIES, "the policies of the load"))
        for one in self.events:
            reducer.read(one.offset, one.timestamp, one.value or b"")
            for effect in book.apply(KafkaRecord(one.timestamp, one.key, one.value), FOREVER):
                if isinstance(effect, Refused):
                    headers = ("partition", b"0"), ("offset", str(one.offset).encode())
                    self.rejects.append(
                        KafkaRecord(one.timestamp, one.key, one.value, headers, offset=len(self.rejects))
                    )
                elif isinstance(effect, VerdictRecord):
                    self.verdicts.append(
                        KafkaRecord(0, one.key, msgspec.json.encode(effect), offset=len(self.verdicts))
                    )
            book.next = one.offset + 1
            if book.next % 100 == 0:
                self.written += [KafkaRecord(0, key, value, offset=len(self.written)) for key, value in book.changes()]
        reducer.finish()
        self.pages = [page(book)]


def page(book: PartitionState) -> Scrape:
    registry = CollectorRegistry()
    collector = WorkerCollector()
    collector.snapshot = WorkerSnapshot(True, {0: PartitionSnapshot.of(book)})
    registry.register(collector)
    return Scrape(generate_latest(registry).decode())


@pytest.fixture(scope="module")
def afternoon() -> Afternoon:
    return Afternoon()


def test_an_afternoon_without_trouble_has_no_differences(afternoon: Afternoon) -> None:
    assert compare.metrics(afternoon.pages, afternoon.truth) == []
    assert compare.owners(afternoon.pages, afternoon.truth) == []
    assert compare.records("verdicts", afternoon.verdicts, afternoon.truth.verdicts) == []
    assert compare.rejects(afternoon.rejects, afternoon.truth.rejects) == []
    assert books.of_partition(0, afternoon.events, afternoon.written, afternoon.cases) == []


def test_a_verdict_said_twice_or_never_or_otherwise_is_found(afternoon: Afternoon) -> None:
    said = afternoon.verdicts
    (twice,) = compare.records("verdicts", [*said, said[7]], afternoon.truth.verdicts)
    assert "more than once" in twice
    assert "0/7, 0/7" in twice
    (never,) = compare.records("verdicts", said[1:], afternoon.truth.verdicts)
    assert "missing: 1" in never
    value = (said[7].value or b"").replace(b'"location":"shop-', b'"location":"ship-')
    (otherwise,) = compare.records(
        "verdicts", [said[7]._replace(value=value), *said[:7], *said[8:]], afternoon.truth.verdicts
    )
    assert "location: expected shop-" in otherwise
    (strange,) = compare.records("verdicts", [*said, said[7]._replace(value=b'{"id": "a"}')], afternoon.truth.verdicts)
    assert "not expected: 1" in strange


def test_a_partition_shown_by_two_workers_or_none_is_found(afternoon: Afternoon) -> None:
    assert "clocks by partition" in compare.owners(afternoon.pages * 2, afternoon.truth)[0]
    assert "clocks by partition" in compare.owners([], afternoon.truth)[0]
    names = {text.split()[0] for text in compare.metrics(afternoon.pages * 2, afternoon.truth)}
    assert names == set(compare.AXES)


def test_a_reject_said_twice_or_never_is_found(afternoon: Afternoon) -> None:
    assert compare.rejects(afternoon.rejects[1:], afternoon.truth.rejects) != []
    assert compare.rejects([*afternoon.rejects, afternoon.rejects[0]], afternoon.truth.rejects) != []


def test_a_step_that_was_lost_or_written_late_is_found_in_the_changelog(afternoon: Afternoon) -> None:
    heads = [place for place, one in enumerate(afternoon.written) if one.key == b"h"]
    lost = afternoon.written[: heads[5] + 1] + afternoon.written[heads[6] + 1 :]
    found = "\n".join(books.of_partition(0, afternoon.events, lost, afternoon.cases))
    assert "cases of partition 0" in found
    late = [*afternoon.written, *afternoon.written[heads[5] + 1 : heads[6] + 1]]
    found = "\n".join(books.of_partition(0, afternoon.events, late, afternoon.cases))
    assert "steps back" in found
    assert "next: expected 2000, found 700" in found
