"""The tracker: feeds chunks to the books of this worker, and moves them with the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from schemas.instants import Instant
from schemas.reading import Refused
from streams.engine import timing
from streams.engine.partitions import Partitions
from streams.engine.transport import Batch, ReadPositions
from streams.records import ConsumedRecord, OutputRecord
from streams.state.partition import Effect, PartitionState
from streams.worker.records import refusal, said
from streams.worker.settings import ClockMode
from streams.worker.snapshot import PartitionSnapshot, WorkerSnapshot


class WorkerAgent:
    """What is done with the ledgers on the shelf.

    What is judged and what follows from it is noted in one go, without an `await` between: a step is whole or not at
    all. `wall` is the wall clock.
    """

    def __init__(self, shelf: Partitions[PartitionState], clock: ClockMode, wall: Callable[[], Instant]) -> None:
        self.shelf = shelf
        self._clock = clock
        self._wall = wall

    async def feed(self, chunk: Batch, reading: ReadPositions) -> None:
        """Judge what is new in `chunk`, some records at a time, so that what is being written gets its turn."""
        ledger = self.shelf.get(chunk.tp)
        if ledger is None or ledger.lost:
            return
        records = reading.unread(chunk)
        for first in range(0, len(records), timing.SLICE_RECORDS):
            ledger.note(self._apply(ledger.book, chunk, records[first : first + timing.SLICE_RECORDS]))
            await asyncio.sleep(0)
            await ledger.room()
            if ledger.lost or self.shelf.get(chunk.tp) is not ledger:
                return

    def _apply(self, book: PartitionState, chunk: Batch, records: Sequence[ConsumedRecord]) -> list[OutputRecord]:
        wall = self._wall()
        messages: list[OutputRecord] = []
        for record in records:
            for effect in book.apply(record, wall):
                messages.append(_message(chunk, record, effect))
        book.next = records[-1].offset + 1
        return messages

    def tick(self, reading: ReadPositions) -> None:
        """On a live clock, move the books that are read to the end to the wall clock."""
        if self._clock != "live":
            return
        now = self._wall()
        for tp, ledger in self.shelf.items():
            if not ledger.lost and reading.caught_up(tp, now):
                ledger.note([said(output) for output in ledger.book.advance(now, now)])

    def snapshot(self) -> WorkerSnapshot:
        """The counts of all partitions that are open and this worker's, and how far the others are, as they are now."""
        books, recovering = self.shelf.standing()
        return WorkerSnapshot(
            ready=self.shelf.is_dealt and not recovering,
            partitions={tp.partition: PartitionSnapshot.of(book) for tp, book in books.items()},
            recovering={tp.partition: recovery for tp, recovery in recovering.items()},
            commits=self.shelf.commits.copied(),
        )


def _message(chunk: Batch, record: ConsumedRecord, effect: Effect) -> OutputRecord:
    return refusal(chunk, record, effect) if isinstance(effect, Refused) else said(effect)
