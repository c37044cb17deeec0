"""The agent of intake: it adapts the records of feeds to events, and reports the watermark of each partition."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic

from faust.types import TP

from schemas.instants import Instant
from streams.engine.partitions import Partitions
from streams.engine.timing import TIMING, Timing
from streams.engine.transport import Batch, ReadPositions
from streams.intake.metrics import FeedPartition, FeedSnapshot, IntakeSnapshot
from streams.intake.records import PartitionCounts, RecordContext, clock_records, output_records
from streams.intake.state import FeedState
from streams.records import ConsumedRecord, OutputRecord


class IntakeAgent:
    """The agent of intake.

    It changes a state and adds the outputs to the committer without an `await` in between. A clock record follows the
    events that it covers, or is in the same transaction. partition_counts: the number of partitions of each topic.
    wall_clock: returns the current time.
    """

    def __init__(
        self,
        partitions: Partitions[FeedState],
        partition_counts: PartitionCounts,
        wall_clock: Callable[[], Instant],
        timing: Timing = TIMING,
    ) -> None:
        self.partitions = partitions
        self._partition_counts = partition_counts
        self._wall_clock = wall_clock
        self._timing = timing
        self._reported_at: dict[TP, float] = {}

    async def process(self, batch: Batch, positions: ReadPositions) -> None:
        """Adapt the new records of `batch` in slices, so that the transactions under way get a turn in between."""
        committer = self.partitions.get(batch.tp)
        if committer is None or committer.lost:
            return
        records = positions.unread(batch)
        while records:
            outputs, count = self._adapt_slice(committer.state, batch.tp, records)
            records = records[count:]
            committer.add(outputs + self._clock_records(batch.tp, committer.state, positions))
            await asyncio.sleep(0)
            await committer.wait_for_room()
            if committer.lost or self.partitions.get(batch.tp) is not committer:
                return

    def tick(self, positions: ReadPositions) -> None:
        """Send the clock records that are due, so that a quiet feed can be distinguished from a dead one."""
        for tp, committer in self.partitions.items():
            if not committer.lost:
                committer.add(self._clock_records(tp, committer.state, positions))

    def snapshot(self, positions: ReadPositions) -> IntakeSnapshot:
        """Return the counts of all assigned partitions, and the progress of those that are not recovered."""
        states, recovering = self.partitions.states()
        return IntakeSnapshot(
            ready=self.partitions.has_assignment and not recovering,
            partitions={
                FeedPartition(state.feed.name, *tp): FeedSnapshot.of(state, positions.lag(tp))
                for tp, state in states.items()
            },
            recovering={FeedPartition("", *tp): progress for tp, progress in recovering.items()},
            commits=self.partitions.commits.copied(),
        )

    def _adapt_slice(
        self, state: FeedState, tp: TP, records: Sequence[ConsumedRecord]
    ) -> tuple[list[OutputRecord], int]:
        """Adapt the first of `records`, and return the outputs with the number of adapted records."""
        now, deadline = self._wall_clock(), monotonic() + self._timing.slice_seconds
        outputs: list[OutputRecord] = []
        count = 0
        for record in records[: self._timing.slice_records]:
            context = RecordContext.of(state.feed, tp, record, now)
            outputs += output_records(state.apply(record, now), context, self._partition_counts)
            count += 1
            if monotonic() > deadline:
                break
        return outputs, count

    def _clock_records(self, tp: TP, state: FeedState, positions: ReadPositions) -> list[OutputRecord]:
        now = monotonic()
        if now < self._reported_at.get(tp, 0.0) + self._timing.clock_record_seconds:
            return []
        caught_up_at = positions.caught_up_at(tp)
        quiet_until = None if caught_up_at is None else caught_up_at - self._timing.poll_delay_ms
        clock = state.advance(quiet_until, self._wall_clock())
        if clock is None:
            return []
        self._reported_at[tp] = now
        return clock_records(clock, self._partition_counts)
