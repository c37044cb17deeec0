"""The tracker between chunks and books: however a log is cut, the same is said and counted."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
import pytest
from faust.types import TP

from schemas.events import Clock
from schemas.instants import moment, parse
from schemas.reading import Refused
from streams.agents.outbox import Sending
from streams.agents.tracker import Tracker
from streams.book.book import Incoming
from streams.book.outputs import Output
from streams.book.rows import Row
from streams.book.windows import Label
from streams.judging.policy_file import parse_policies
from streams.transport import Chunk, Reading, Record
from tests.shared import FLIGHTS, POLICIES, later_than_all, records

SHOP = TP("promise.events", 0)
AS_OF = "2013-03-16T00:00:00Z"


class Stored(NamedTuple):
    """A record as the client hands it over."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass
class Listener:
    """Stands at the seam to Kafka and writes down what is sent."""

    said: list[str] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)

    async def say(self, output: Output) -> Sending:
        self.said.append(msgspec.json.encode(output).decode())
        return _written()

    async def refuse(self, chunk: Chunk, record: Record, refused: Refused) -> Sending:
        self.refused.append((record.offset, refused.reason))
        return _written()


def _written() -> asyncio.Future[Any]:
    done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done


def log_of(read: list[Incoming]) -> list[Stored]:
    return [Stored(offset, *record) for offset, record in enumerate(read)]


def track(log: list[Stored], cut: int, wall: int, said: int | None = None) -> tuple[Listener, Tracker]:
    """Feed a whole log in chunks of `cut` records to a worker whose group had committed `said`."""

    async def feed() -> None:
        tracker.open({SHOP: said})
        reading = Reading(tracker.shelf, cut)
        reading.start([SHOP])
        reading.take_seeks([SHOP])
        for chunk in reading.chunks(SHOP, log):
            await tracker.feed(chunk, reading)

    listener = Listener()
    tracker = Tracker(parse_policies(POLICIES.read_text("utf-8"), "policies"), "stream", listener, lambda: wall)
    asyncio.run(feed())
    return listener, tracker


def rows_of(tracker: Tracker) -> dict[Label, Row]:
    return tracker.shelf[SHOP].book.tally.rows


@pytest.fixture(scope="module")
def flights() -> list[Incoming]:
    """A week of flights with what every tenth passenger would get wrong, and the clock at the end."""
    read = records(FLIGHTS, AS_OF)
    for place in range(0, len(read), 10):
        read[place] = read[place]._replace(value=b"{")
    end = parse(AS_OF)
    return [*read, Incoming(end, None, msgspec.json.encode(Clock(source="replay", at=moment(end))))]


def test_a_chunk_is_a_unit_of_io_and_never_of_meaning(flights: list[Incoming]) -> None:
    wall = later_than_all(flights)
    whole, by_thousand = track(log_of(flights), 1000, wall)
    for cut in (1, 7):
        heard, tracker = track(log_of(flights), cut, wall)
        assert heard.said == whole.said
        assert heard.refused == whole.refused
        assert rows_of(tracker) == rows_of(by_thousand)
        assert tracker.shelf[SHOP].book.rejects == by_thousand.shelf[SHOP].book.rejects
    assert len(whole.said) > 5_000
    assert len(whole.refused) == len(range(0, len(flights) - 1, 10))


def test_what_an_earlier_run_said_is_not_said_again(flights: list[Incoming]) -> None:
    log, wall = log_of(flights), later_than_all(flights)
    yesterday, before = track(log[:12_000], 500, wall)
    assert before.shelf[SHOP].durable == 12_000
    today, _ = track(log, 700, wall, said=before.shelf[SHOP].durable)
    whole, _ = track(log, 1000, wall)
    assert yesterday.said + today.said == whole.said
    assert yesterday.refused + today.refused == whole.refused


def test_counts_are_shown_only_once_the_partition_is_read_to_its_end(flights: list[Incoming]) -> None:
    _, tracker = track(log_of(flights[:100]), 10, later_than_all(flights))
    assert tracker.snapshot().partitions == {}
    assert not tracker.snapshot().ready
    tracker.shelf[SHOP].recovered = True
    assert tracker.snapshot().ready
    assert sum(tracker.snapshot().partitions[0].events.values()) == 90
    tracker.close()
    assert tracker.snapshot().partitions == {}


def test_a_partition_that_went_to_another_worker_is_forgotten(flights: list[Incoming]) -> None:
    _, tracker = track(log_of(flights[:100]), 10, later_than_all(flights))
    elsewhere = TP(SHOP.topic, 3)
    tracker.open({elsewhere: 7})
    assert tracker.shelf.keys() == {elsewhere}
    assert tracker.shelf[elsewhere].next == 0


def test_a_book_whose_outputs_could_not_be_sent_is_not_kept(flights: list[Incoming]) -> None:
    class Deaf(Listener):
        async def refuse(self, chunk: Chunk, record: Record, refused: Refused) -> Sending:
            raise ConnectionError("no broker answers")

    async def feed() -> None:
        tracker.open({SHOP: None})
        reading = Reading(tracker.shelf, 10)
        reading.start([SHOP])
        reading.take_seeks([SHOP])
        await tracker.feed(next(reading.chunks(SHOP, log_of(flights))), reading)

    tracker = Tracker(parse_policies(POLICIES.read_text("utf-8"), "policies"), "stream", Deaf(), lambda: 1 << 50)
    with pytest.raises(ConnectionError):
        asyncio.run(feed())
    assert tracker.shelf == {}
