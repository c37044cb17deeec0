"""The tracker between chunks and books: however a log is cut, and however often the worker starts again, the same is
said and counted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import pytest
from aiokafka.errors import KafkaConnectionError

from schemas.events import Clock
from schemas.instants import Instant, parse_instant, to_datetime
from schemas.reading import RefusalReason
from streams.config.policies import parse_policies
from streams.engine import timing
from streams.engine.transport import ReadPositions
from streams.engine.transport.positions import PartitionEnd
from streams.kafka.topics import ALERTS, REJECTS, VERDICTS
from streams.records import KafkaRecord, OutputRecord
from streams.state.rows import CountRow
from streams.state.windows import Label
from streams.worker.agent import WorkerAgent
from streams.worker.settings import ClockMode
from streams.worker.snapshot import WorkerSnapshot
from tests.engine.running import run
from tests.engine.stand_in import a_while
from tests.histories import Story, at, order
from tests.shared import FLIGHTS, POLICIES, later_than_all, records
from tests.state.partitions import record
from tests.worker.agent_town import KIOSK, SHOP, Town

SOME = 8_000
AS_OF = "2013-03-16T00:00:00Z"
POLICY = parse_policies(POLICIES.read_text("utf-8"), "policies")
LATE = order("o1").promised("ready", due="12:40", time="12:00", at="harbour")

pytestmark = pytest.mark.usefixtures("hurry")


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """One step follows the other at once."""
    monkeypatch.setattr(timing, "COMMIT_SECONDS", 0.0)


def log_of(read: list[KafkaRecord]) -> list[KafkaRecord]:
    return [record._replace(offset=offset) for offset, record in enumerate(read)]


def told_by(story: Story, arrives: str | None = None) -> list[KafkaRecord]:
    """The events of a story as they come from Kafka."""
    return log_of([record(event, at(arrives or story.time)) for event in story.events])


class Worker:
    """One life of a worker, which owns SHOP and KIOSK of a town."""

    def __init__(self, town: Town, wall: Instant, clock: ClockMode = "stream", cut: int = 1000) -> None:
        self.town = town
        self.wall = wall
        self.tracker = WorkerAgent(town.shelf, clock, lambda: self.wall)
        self.reading = ReadPositions(town.shelf, cut)

    async def starts(self) -> Worker:
        await self.town.shelf.own([SHOP, KIOSK], 1)
        self.reading.start([SHOP, KIOSK])
        self.reading.take_seeks([SHOP, KIOSK])
        return self

    async def reads(self, log: Sequence[KafkaRecord]) -> Worker:
        """What stands in SHOP's log from the worker's position on."""
        unread = [one for one in log if one.offset >= self.town.shelf[SHOP].next]
        for chunk in self.reading.chunks(SHOP, unread):
            await self.tracker.feed(chunk, self.reading)
            await asyncio.sleep(0)
        return self

    def polls(self, end: int = 0) -> Worker:
        """The broker answers that SHOP's log ends there, and KIOSK's is empty."""
        given = self.town.shelf[SHOP].next
        self.reading.polled({SHOP: PartitionEnd(given, end or given, self.wall), KIOSK: PartitionEnd(0, 0, self.wall)})
        return self

    async def stops(self) -> None:
        await self.town.shelf.close()

    def snapshot(self) -> WorkerSnapshot:
        return self.tracker.snapshot()


class Outcome(NamedTuple):
    """What a whole log led to."""

    said: list[OutputRecord]
    rows: dict[Label, CountRow]
    rejects: dict[RefusalReason, int]
    clock: Instant


async def judged(log: list[KafkaRecord], wall: Instant, cut: int, lives: Sequence[int] = ()) -> Outcome:
    """The log is read in chunks of `cut` records; at each of those offsets the worker ends, and another starts."""
    town = Town(policies=POLICY)
    for end in (*lives, len(log)):
        town = Town(policies=POLICY, papers=town.papers)
        worker = await Worker(town, wall, cut=cut).starts()
        await worker.reads(log[:end])
        book = town.shelf[SHOP].book
        await worker.stops()
    return Outcome(town.papers[SHOP.partition].said, book.counts.rows, dict(book.counters.rejects), book.watermark.now)


@pytest.fixture(scope="module")
def flights() -> list[KafkaRecord]:
    """Days of flights with what every tenth passenger would get wrong, and the clock at the end."""
    read = records(FLIGHTS, AS_OF)[:SOME]
    for place in range(0, len(read), 10):
        read[place] = read[place]._replace(value=b"{")
    end = parse_instant(AS_OF)
    return [*read, KafkaRecord(end, None, msgspec.json.encode(Clock(source="replay", at=to_datetime(end))))]


def test_a_chunk_is_a_unit_of_io_and_never_of_meaning(flights: list[KafkaRecord]) -> None:
    log, wall = log_of(flights), later_than_all(flights)

    async def story() -> None:
        whole = await judged(log, wall, 1000)
        for cut, lives in ((1, (7, 5_003)), (7, (1_000, 1_001, 7_999)), (1000, (1, 3_333))):
            again = await judged(log, wall, cut, lives)
            assert again.said == whole.said
            assert again[1:] == whole[1:]
        topics = [message.topic for message in whole.said]
        assert topics.count(REJECTS.name) == len(range(0, len(flights) - 1, 10))
        assert topics.count(VERDICTS.name) > SOME / 8

    run(story())


def test_what_was_refused_stands_in_rejects_as_it_came_with_the_reason_and_the_place() -> None:
    async def story() -> None:
        town = Town()
        worker = await Worker(town, at("13:00")).starts()
        await worker.reads(
            [KafkaRecord(at("12:00"), b"o1", b"{", offset=4), KafkaRecord(at("12:01"), None, None, offset=9)]
        )
        await worker.stops()
        first, second = town.papers[SHOP.partition].said
        assert first[:3] == (REJECTS.name, b"o1", b"{")
        assert second[:3] == (REJECTS.name, None, b"")
        headers = dict(second.headers)
        assert headers.pop("detail") != b""
        assert headers == {
            "reason": b"empty",
            "topic": SHOP.topic.encode(),
            "partition": b"0",
            "offset": b"9",
            "timestamp": b"%d" % at("12:01"),
        }

    run(story())


def test_the_page_shows_only_what_is_open_ours_and_not_lost() -> None:
    async def story() -> None:
        town = Town(ours=False)
        worker = Worker(town, at("13:00"))
        assert (worker.snapshot().ready, worker.snapshot().partitions) == (False, {})
        await worker.starts()
        log = told_by(LATE.reached("ready", "12:30"))
        await worker.reads(log[:1])
        assert worker.snapshot().ready
        assert worker.snapshot().partitions.keys() == {0, 1}
        assert worker.snapshot().partitions[0].counters.events == {"promises_made": 1}
        town.pen(SHOP).breaks = KafkaConnectionError("the line is dead")
        await worker.reads(log)
        await a_while()
        assert not worker.snapshot().ready
        assert worker.snapshot().partitions.keys() == {1}
        await town.shelf.give_up()
        assert (worker.snapshot().ready, worker.snapshot().partitions) == (False, {})
        await town.shelf.own([SHOP], 2)
        assert worker.snapshot().ready
        assert worker.snapshot().partitions.keys() == {0}
        await worker.stops()

    run(story())


def test_the_clock_on_the_wall_moves_a_book_that_is_read_to_its_end() -> None:
    async def story() -> None:
        town = Town()
        worker = await Worker(town, at("12:30"), "live").starts()
        await worker.reads(told_by(LATE))
        worker.wall = at("12:41")
        worker.tracker.tick(worker.reading)
        assert worker.snapshot().partitions[0].watermark == at("12:00")
        worker.polls(end=2).tracker.tick(worker.reading)
        assert worker.snapshot().partitions[0].watermark == at("12:00")
        worker.polls().tracker.tick(worker.reading)
        assert worker.snapshot().partitions[0].watermark == at("12:41")
        await worker.stops()
        said = town.papers[SHOP.partition].said
        assert [message.topic for message in said] == [VERDICTS.name, ALERTS.name]
        assert b"undelivered" in (said[0].value or b"")

    run(story())


def test_a_stream_clock_moves_no_book() -> None:
    async def story() -> None:
        town = Town()
        worker = await Worker(town, at("12:30"), "stream").starts()
        await worker.reads(told_by(LATE))
        worker.wall = at("12:41")
        worker.polls().tracker.tick(worker.reading)
        assert worker.snapshot().partitions[0].watermark == at("12:00")
        await worker.stops()
        assert town.papers[SHOP.partition].said == []

    run(story())


def test_a_book_that_is_lost_is_neither_fed_nor_moved() -> None:
    async def story() -> None:
        town = Town(ours=False)
        worker = await Worker(town, at("12:30"), "live").starts()
        town.pen(SHOP).breaks = KafkaConnectionError("the line is dead")
        log = told_by(LATE.reached("ready", "12:20"))
        await worker.reads(log[:1])
        await a_while()
        lost = town.shelf[SHOP]
        assert lost.lost is not None
        worker.wall = at("12:41")
        worker.polls().tracker.tick(worker.reading)
        await worker.reads(log)
        assert (lost.next, lost.book.watermark.now) == (1, at("12:20"))
        assert lost.book.counters.events == {"promises_made": 1}
        await worker.stops()

    run(story())


def test_a_chunk_of_a_partition_that_went_away_is_dropped() -> None:
    async def story() -> None:
        town = Town()
        worker = await Worker(town, at("12:30")).starts()
        (chunk,) = worker.reading.chunks(SHOP, told_by(LATE))
        await town.shelf.own([KIOSK], 2)
        await worker.tracker.feed(chunk, worker.reading)
        await worker.stops()
        assert town.papers[SHOP.partition].steps == []

    run(story())


def test_a_partition_that_was_lost_is_read_again_from_what_is_durable() -> None:
    async def story() -> None:
        town = Town()
        worker = await Worker(town, at("12:50")).starts()
        log = told_by(LATE.reached("ready", "12:30"))
        await worker.reads(log[:1])
        await town.shelf[SHOP].flush()
        town.pen(SHOP).breaks = KafkaConnectionError("the line is dead")
        await worker.reads(log)
        await a_while()
        assert town.reread_ == [SHOP]
        worker.reading.reread(SHOP)
        assert worker.reading.take_seeks([SHOP]) == {SHOP: 1}
        await worker.reads(log)
        await worker.stops()
        assert [message.topic for message in town.papers[SHOP.partition].said] == [VERDICTS.name]

    run(story())
