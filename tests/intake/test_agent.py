"""The agent of intake: it adapts records in slices and reports a watermark for each partition that it owns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec
from faust.types import TP

from schemas.events import Clock, StepReached
from schemas.instants import Instant, from_datetime, to_datetime
from streams.config.feeds import Feed
from streams.engine.partitions import Partitions, RecoveryProgress
from streams.engine.timing import TIMING, Timing
from streams.engine.transport import Batch, ReadPositions
from streams.engine.transport.positions import PartitionEnd
from streams.intake.agent import IntakeAgent
from streams.intake.feed_adapters import adapters_of
from streams.intake.metrics import FeedPartition
from streams.intake.state import FeedProgress, FeedState, decode_progress
from streams.kafka.topics import EVENTS, NEEDS_FETCH, REJECTS
from tests.engine.fake_writer import FakeWriter, WrittenLog
from tests.engine.running import run
from tests.intake.topic_record import NOON, TopicRecord

PARTITIONS = {EVENTS.name: 2, REJECTS.name: 2, NEEDS_FETCH.name: 2}
TILL = Feed("till", "feeds.till")
FRONT, BACK = TP("feeds.till", 0), TP("feeds.till", 1)


def till_record(offset: int, timestamp: Instant = NOON) -> TopicRecord:
    """Return a record of the till. Its offset is the number of the order."""
    number = str(offset)
    event = StepReached(id=number, case=number, occurred_at=to_datetime(NOON), step="ready")
    return TopicRecord(offset, msgspec.json.encode(event), timestamp, key=None)


@dataclass
class FakeIntake:
    """One process of intake, with Kafka and the consumer group as it sees them."""

    logs: dict[TP, WrittenLog] = field(default_factory=dict)
    now: Instant = NOON + 60_000
    timing: Timing = TIMING

    def __post_init__(self) -> None:
        self.partitions = Partitions(self, self, _raise, self.timing)
        self.positions = ReadPositions(self.partitions, self.timing)
        self.agent = IntakeAgent(self.partitions, PARTITIONS, lambda: self.now, self.timing)

    async def recover(self, tp: TP, progress: Callable[[int, int], None]) -> tuple[FeedState, FakeWriter]:
        progress(3, 7)
        assert self.agent.snapshot(self.positions).recovering[FeedPartition("", *tp)] == RecoveryProgress(3, 7)
        log = self.logs.setdefault(tp, WrittenLog())
        stored = log.records.get(f"{tp.topic}[{tp.partition}]".encode())
        feed_progress = decode_progress(stored) if stored else FeedProgress()
        return FeedState(TILL, tp.partition, adapters_of([TILL], {})["till"], feed_progress), log.new_writer()

    async def still_owns(self, tp: TP, offset: int) -> bool:
        return True

    def reread(self, tp: TP) -> None:
        self.positions.reread(tp)

    async def assign(self, *tps: TP, generation: int = 1) -> None:
        await self.partitions.assign(tps, generation)
        self.positions.start(tps)
        self.positions.pop_seeks(tps)

    def fetch(self, tp: TP, *offsets: int) -> Batch:
        """Return the batch of records that was fetched."""
        (batch,) = self.positions.batches(tp, [till_record(offset, NOON + 10 * offset) for offset in offsets])
        return batch

    def update_end(self, tp: TP, *, end: int, unread: int = 0, at: Instant) -> None:
        """Let the broker answer that `tp` was fetched up to `end`, and that so many more records are there."""
        self.positions.update_ends({tp: PartitionEnd(end, end + unread, at)})

    def outputs(self, tp: TP) -> list[str | Instant]:
        """Return what was written for `tp`: the keys of events, and the instants of clock records in one partition."""
        return list(self._outputs(tp))

    def _outputs(self, tp: TP) -> Iterator[str | Instant]:
        for output in self.logs[tp].outputs:
            if output.key is not None:
                yield output.key.decode()
            elif output.partition == 0:
                clock = msgspec.json.decode(output.value or b"", type=Clock)
                assert (clock.source, clock.partition) == ("till", tp.partition)
                yield from_datetime(clock.at)

    async def flush(self) -> None:
        await asyncio.gather(*(committer.flush() for committer in self.partitions.values()))


def _raise(error: Exception) -> None:
    raise error


ALWAYS = Timing(clock_record_seconds=0.0, slice_seconds=60.0)
"""Timing with a clock record whenever a watermark has advanced, and slices that a busy machine does not cut short."""


def test_a_clock_record_follows_the_events_that_it_covers_and_silence_advances_it() -> None:
    async def story() -> None:
        intake = FakeIntake(timing=ALWAYS)
        await intake.assign(FRONT)
        await intake.agent.process(intake.fetch(FRONT, 0, 1), intake.positions)
        await intake.flush()
        assert intake.outputs(FRONT) == ["0", "1", NOON + 10 - 1]
        intake.update_end(FRONT, end=2, at=NOON + 30_000)
        intake.agent.tick(intake.positions)
        await intake.flush()
        assert intake.outputs(FRONT)[3:] == [NOON + 30_000 - TIMING.poll_delay_ms]
        assert [len(step.outputs) for step in intake.logs[FRONT].steps] == [4, 2]
        await intake.partitions.close()

    run(story())


def test_unread_records_hold_the_watermark_back() -> None:
    async def story() -> None:
        intake = FakeIntake(timing=ALWAYS)
        await intake.assign(FRONT)
        intake.update_end(FRONT, end=2, unread=500, at=NOON + 30_000)
        await intake.agent.process(intake.fetch(FRONT, 0, 1), intake.positions)
        intake.agent.tick(intake.positions)
        await intake.flush()
        assert intake.outputs(FRONT) == ["0", "1", NOON + 10 - 1]
        assert intake.agent.snapshot(intake.positions).partitions[FeedPartition("till", *FRONT)].lag == 500
        await intake.partitions.close()

    run(story())


def test_clock_records_of_a_partition_have_a_minimum_interval() -> None:
    async def story() -> None:
        intake = FakeIntake()
        await intake.assign(FRONT, BACK)
        for second in range(3):
            intake.positions.update_ends({tp: PartitionEnd(0, 0, NOON + 1_000 * second) for tp in (FRONT, BACK)})
            intake.agent.tick(intake.positions)
        await intake.flush()
        assert [intake.outputs(tp) for tp in (FRONT, BACK)] == [[NOON - TIMING.poll_delay_ms]] * 2
        await intake.partitions.close()

    run(story())


def test_records_of_a_slow_adapter_are_adapted_and_written_in_slices() -> None:
    async def story() -> None:
        intake = FakeIntake(timing=Timing(slice_seconds=-1.0, commit_seconds=0.0))
        await intake.assign(FRONT)
        await intake.agent.process(intake.fetch(FRONT, *range(20)), intake.positions)
        await intake.flush()
        orders = [output for output in intake.outputs(FRONT) if isinstance(output, str)]
        assert orders == [str(number) for number in range(20)]
        assert len(intake.logs[FRONT].steps) > 1, "the first slices are written while the rest is adapted"
        await intake.partitions.close()

    run(story())


def test_a_partition_that_is_revoked_while_it_is_read_continues_at_its_next_owner() -> None:
    async def story() -> None:
        intake = FakeIntake(timing=Timing(slice_records=1, slice_seconds=60.0))
        await intake.assign(FRONT)
        feeding = asyncio.ensure_future(intake.agent.process(intake.fetch(FRONT, *range(1000)), intake.positions))
        while intake.partitions[FRONT].next < 3:
            await asyncio.sleep(0)
        await intake.assign(BACK, generation=2)
        await feeding
        assert FRONT not in intake.partitions
        await intake.agent.process(Batch(FRONT, 0, [till_record(0)]), intake.positions)
        written = [output for output in intake.outputs(FRONT) if isinstance(output, str)]
        assert len(written) < 1000
        other = FakeIntake(intake.logs)
        await other.assign(FRONT)
        assert other.partitions[FRONT].next == len(written)
        await asyncio.gather(intake.partitions.close(), other.partitions.close())

    run(story())


def test_the_snapshot_contains_the_partitions_that_this_process_owns() -> None:
    async def story() -> None:
        intake = FakeIntake()
        assert not intake.agent.snapshot(intake.positions).ready
        await intake.assign(FRONT)
        await intake.agent.process(intake.fetch(FRONT, 0, 1, 2), intake.positions)
        await intake.flush()
        snapshot = intake.agent.snapshot(intake.positions)
        assert (snapshot.ready, snapshot.recovering, list(snapshot.partitions)) == (
            True,
            {},
            [FeedPartition("till", *FRONT)],
        )
        feed = snapshot.partitions[FeedPartition("till", *FRONT)]
        assert (feed.progress.records, feed.progress.events) == ({"adapted": 3}, {"step_reached": 3})
        assert (feed.lag, feed.watermark) == (None, NOON + 20 - 1)
        await intake.partitions.revoke()
        revoked = intake.agent.snapshot(intake.positions)
        assert (revoked.ready, dict(revoked.partitions)) == (False, {})
        await intake.partitions.close()

    run(story())
