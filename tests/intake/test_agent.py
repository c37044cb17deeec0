"""A member of intake reads what feeds bring: in turns, with a clock for each partition, and only what is its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec
import pytest
from faust.types import TP

from schemas.events import Clock, StepReached
from schemas.instants import Instant, from_datetime, parse_instant, to_datetime
from streams.config.feeds import Feed
from streams.engine import timing
from streams.engine.partitions import Partitions, RecoveryProgress
from streams.engine.transport import Batch, ReadPositions
from streams.engine.transport.positions import PartitionEnd
from streams.intake.agent import IntakeAgent
from streams.intake.feed_adapters import adapters_of
from streams.intake.metrics import FeedPartition
from streams.intake.state import FeedProgress, FeedState, standing
from streams.kafka.topics import EVENTS, NEEDS_FETCH, REJECTS
from tests.engine.running import run
from tests.engine.stand_in import Paper, Pen

NOON = parse_instant("2026-03-06T12:00:00Z")
PARTITIONS = {EVENTS.name: 2, REJECTS.name: 2, NEEDS_FETCH.name: 2}
TILL = Feed("till", "feeds.till")
FRONT, BACK = TP("feeds.till", 0), TP("feeds.till", 1)


@dataclass(frozen=True)
class Rung:
    """A record of the till; the order number is its offset."""

    offset: int
    timestamp: Instant = NOON
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def value(self) -> bytes:
        number = str(self.offset)
        return msgspec.json.encode(StepReached(id=number, case=number, occurred_at=to_datetime(NOON), step="ready"))


@dataclass
class Shop:
    """Kafka and the consumer group as this member of intake meets them."""

    papers: dict[TP, Paper] = field(default_factory=dict)
    wall: Instant = NOON + 60_000

    def __post_init__(self) -> None:
        self.shelf = Partitions(self, self, _fails)
        self.reading = ReadPositions(self.shelf)
        self.intake = IntakeAgent(self.shelf, PARTITIONS, lambda: self.wall)

    async def open(self, tp: TP, progress: Callable[[int, int], None]) -> tuple[FeedState, Pen]:
        progress(3, 7)
        assert self.intake.snapshot(self.reading).recovering[FeedPartition("", *tp)] == RecoveryProgress(3, 7)
        paper = self.papers.setdefault(tp, Paper())
        stored = paper.records.get(f"{tp.topic}[{tp.partition}]".encode())
        counts = standing(stored) if stored else FeedProgress()
        return FeedState(TILL, tp.partition, adapters_of([TILL], {})["till"], counts), paper.pen()

    async def still_owns(self, tp: TP, offset: int) -> bool:
        return True

    def reread(self, tp: TP) -> None:
        self.reading.reread(tp)

    async def owns(self, *tps: TP, generation: int = 1) -> None:
        await self.shelf.own(tps, generation)
        self.reading.start(tps)
        self.reading.take_seeks(tps)

    def comes(self, tp: TP, *offsets: int) -> Batch:
        """Records are fetched."""
        (chunk,) = self.reading.chunks(tp, [Rung(offset, NOON + 10 * offset) for offset in offsets])
        return chunk

    def answers(self, tp: TP, *, end: int, more: int = 0, at: Instant) -> None:
        """What the broker says of the end of `tp`: fetched up to there, and so many more are there."""
        self.reading.polled({tp: PartitionEnd(end, end + more, at)})

    def said(self, tp: TP) -> list[str | Instant]:
        """All that was written because of `tp`, to the first partition where it is a clock: orders, and clocks."""
        return list(self._said(tp))

    def _said(self, tp: TP) -> Iterator[str | Instant]:
        for message in self.papers[tp].said:
            if message.key is not None:
                yield message.key.decode()
            elif message.partition == 0:
                clock = msgspec.json.decode(message.value or b"", type=Clock)
                assert (clock.source, clock.partition) == ("till", tp.partition)
                yield from_datetime(clock.at)

    async def settles(self) -> None:
        await asyncio.gather(*(ledger.flush() for ledger in self.shelf.values()))


def _fails(error: Exception) -> None:
    raise error


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock is due whenever there is anything to say."""
    monkeypatch.setattr(timing, "CLOCK_SECONDS", 0.0)


@pytest.mark.usefixtures("always")
def test_events_come_before_the_clock_that_vouches_for_them_and_silence_moves_it_on() -> None:
    async def story() -> None:
        shop = Shop()
        await shop.owns(FRONT)
        await shop.intake.feed(shop.comes(FRONT, 0, 1), shop.reading)
        await shop.settles()
        assert shop.said(FRONT) == ["0", "1", NOON + 10 - 1]
        shop.answers(FRONT, end=2, at=NOON + 30_000)
        shop.intake.tick(shop.reading)
        await shop.settles()
        assert shop.said(FRONT)[3:] == [NOON + 30_000 - timing.ANSWER_MS]
        assert [len(step.said) for step in shop.papers[FRONT].steps] == [4, 2]
        await shop.shelf.close()

    run(story())


@pytest.mark.usefixtures("always")
def test_while_more_is_there_than_was_read_the_clock_stays_behind() -> None:
    async def story() -> None:
        shop = Shop()
        await shop.owns(FRONT)
        shop.answers(FRONT, end=2, more=500, at=NOON + 30_000)
        await shop.intake.feed(shop.comes(FRONT, 0, 1), shop.reading)
        shop.intake.tick(shop.reading)
        await shop.settles()
        assert shop.said(FRONT) == ["0", "1", NOON + 10 - 1]
        assert shop.intake.snapshot(shop.reading).partitions[FeedPartition("till", *FRONT)].lag == 500
        await shop.shelf.close()

    run(story())


def test_a_clock_is_told_now_and_then_for_each_partition() -> None:
    async def story() -> None:
        shop = Shop()
        await shop.owns(FRONT, BACK)
        for second in range(3):
            shop.reading.polled({tp: PartitionEnd(0, 0, NOON + 1_000 * second) for tp in (FRONT, BACK)})
            shop.intake.tick(shop.reading)
        await shop.settles()
        assert [shop.said(tp) for tp in (FRONT, BACK)] == [[NOON - timing.ANSWER_MS]] * 2
        await shop.shelf.close()

    run(story())


def test_an_adapter_that_takes_long_has_its_records_taken_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "SLICE_SECONDS", -1.0)
    monkeypatch.setattr(timing, "COMMIT_SECONDS", 0.0)

    async def story() -> None:
        shop = Shop()
        await shop.owns(FRONT)
        await shop.intake.feed(shop.comes(FRONT, *range(20)), shop.reading)
        await shop.settles()
        orders = [one for one in shop.said(FRONT) if isinstance(one, str)]
        assert orders == [str(number) for number in range(20)]
        assert len(shop.papers[FRONT].steps) > 1, "what was ready first was written while the rest was adapted"
        await shop.shelf.close()

    run(story())


def test_a_partition_that_is_dealt_out_anew_while_it_is_read_is_left_to_its_next_owner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timing, "SLICE_RECORDS", 1)

    async def story() -> None:
        shop = Shop()
        await shop.owns(FRONT)
        feeding = asyncio.ensure_future(shop.intake.feed(shop.comes(FRONT, *range(1000)), shop.reading))
        while shop.shelf[FRONT].next < 3:
            await asyncio.sleep(0)
        await shop.owns(BACK, generation=2)
        await feeding
        assert FRONT not in shop.shelf
        await shop.intake.feed(Batch(FRONT, 0, [Rung(0)]), shop.reading)
        written = [one for one in shop.said(FRONT) if isinstance(one, str)]
        assert len(written) < 1000
        other = Shop(shop.papers)
        await other.owns(FRONT)
        assert other.shelf[FRONT].next == len(written)
        await asyncio.gather(shop.shelf.close(), other.shelf.close())

    run(story())


def test_what_is_shown_is_what_this_member_owns() -> None:
    async def story() -> None:
        shop = Shop()
        assert not shop.intake.snapshot(shop.reading).ready
        await shop.owns(FRONT)
        await shop.intake.feed(shop.comes(FRONT, 0, 1, 2), shop.reading)
        await shop.settles()
        shown = shop.intake.snapshot(shop.reading)
        assert (shown.ready, shown.recovering, list(shown.partitions)) == (True, {}, [FeedPartition("till", *FRONT)])
        counts = shown.partitions[FeedPartition("till", *FRONT)]
        progress = counts.progress
        assert (progress.records, progress.events, counts.lag) == ({"adapted": 3}, {"step_reached": 3}, None)
        assert progress.clock == NOON + 20 - 1
        await shop.shelf.give_up()
        given_up = shop.intake.snapshot(shop.reading)
        assert (given_up.ready, dict(given_up.partitions)) == (False, {})
        await shop.shelf.close()

    run(story())
