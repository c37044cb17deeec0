"""The agent of a worker: it applies batches to the states of its partitions, and advances them with the wall clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from schemas.instants import Instant
from schemas.reading import Refused
from streams.engine.partitions import Partitions
from streams.engine.timing import TIMING, Timing
from streams.engine.transport import Batch, ReadPositions
from streams.records import ConsumedRecord, OutputRecord
from streams.state.partition import Effect, PartitionState
from streams.worker.records import output_record, reject_record
from streams.worker.settings import ClockMode
from streams.worker.snapshot import PartitionSnapshot, WorkerSnapshot


class WorkerAgent:
    """The agent of a worker.

    It changes a state and adds the outputs to the committer without an `await` in between, so that a transaction
    contains both or neither. wall_clock: returns the current time.
    """

    def __init__(
        self,
        partitions: Partitions[PartitionState],
        clock: ClockMode,
        wall_clock: Callable[[], Instant],
        timing: Timing = TIMING,
    ) -> None:
        self.partitions = partitions
        self._clock = clock
        self._wall_clock = wall_clock
        self._timing = timing

    async def process(self, batch: Batch, positions: ReadPositions) -> None:
        """Judge the new records of `batch` in slices, so that the transactions under way get a turn in between."""
        committer = self.partitions.get(batch.tp)
        if committer is None or committer.lost:
            return
        records = positions.unread(batch)
        for first in range(0, len(records), self._timing.slice_records):
            records_of_slice = records[first : first + self._timing.slice_records]
            committer.add(self._apply(committer.state, batch, records_of_slice))
            await asyncio.sleep(0)
            await committer.wait_for_room()
            if committer.lost or self.partitions.get(batch.tp) is not committer:
                return

    def _apply(self, state: PartitionState, batch: Batch, records: Sequence[ConsumedRecord]) -> list[OutputRecord]:
        now = self._wall_clock()
        outputs: list[OutputRecord] = []
        for record in records:
            for effect in state.apply(record, now):
                outputs.append(_to_record(batch, record, effect))
        state.next = records[-1].offset + 1
        return outputs

    def tick(self, positions: ReadPositions) -> None:
        """On a live clock, advance the states that are caught up to the wall clock."""
        if self._clock != "live":
            return
        now = self._wall_clock()
        for tp, committer in self.partitions.items():
            if not committer.lost and positions.caught_up(tp, now):
                committer.add([output_record(output) for output in committer.state.advance(now, now)])

    def snapshot(self, positions: ReadPositions) -> WorkerSnapshot:
        """Return the counts of all assigned partitions, and the progress of those that are not recovered."""
        states, recovering = self.partitions.states()
        return WorkerSnapshot(
            ready=self.partitions.has_assignment and not recovering,
            partitions={tp.partition: PartitionSnapshot.of(state) for tp, state in states.items()},
            recovering={tp.partition: progress for tp, progress in recovering.items()},
            commits=self.partitions.commits.copied(),
        )


def _to_record(batch: Batch, record: ConsumedRecord, effect: Effect) -> OutputRecord:
    return reject_record(batch, record, effect) if isinstance(effect, Refused) else output_record(effect)
