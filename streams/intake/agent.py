"""Intake: adapts the records of feeds to events, and says up to when each partition of a feed is read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from copy import deepcopy
from time import monotonic

from faust.types import TP

from schemas.instants import Instant
from streams.engine import timing
from streams.engine.partitions import Partitions
from streams.engine.transport import Batch, ReadPositions
from streams.intake.metrics import FeedPartition, FeedSnapshot, IntakeSnapshot
from streams.intake.records import PartitionsByTopic, RecordContext, clocks, messages
from streams.intake.state import FeedState
from streams.records import ConsumedRecord, OutputRecord


class IntakeAgent:
    """What is done with the ledgers on the shelf.

    What a record becomes, and how far that is, is noted in one go, without an `await` between; a clock record after the
    events that it vouches for, or with them. `partitions`: how many each topic has. `wall`: the wall clock.
    """

    def __init__(
        self, shelf: Partitions[FeedState], partitions: PartitionsByTopic, wall: Callable[[], Instant]
    ) -> None:
        self.shelf = shelf
        self._partitions = partitions
        self._wall = wall
        self._said: dict[TP, float] = {}

    async def feed(self, chunk: Batch, reading: ReadPositions) -> None:
        """Adapt what is new in `chunk`, for some milliseconds at a time, so that what is being written has its turn."""
        ledger = self.shelf.get(chunk.tp)
        if ledger is None or ledger.lost:
            return
        records = reading.unread(chunk)
        while records:
            said, taken = self._take_some(ledger.book, chunk.tp, records)
            records = records[taken:]
            ledger.note(said + self._clocks(chunk.tp, ledger.book, reading))
            await asyncio.sleep(0)
            await ledger.room()
            if ledger.lost or self.shelf.get(chunk.tp) is not ledger:
                return

    def tick(self, reading: ReadPositions) -> None:
        """Say of each partition how far it is read, where that is due: so that a quiet feed differs from a dead one."""
        for tp, ledger in self.shelf.items():
            if not ledger.lost:
                ledger.note(self._clocks(tp, ledger.book, reading))

    def snapshot(self, reading: ReadPositions) -> IntakeSnapshot:
        """The counts of all partitions that are open and this member's, and how far the others are, as they are now."""
        books, recovering = self.shelf.standing()
        return IntakeSnapshot(
            ready=self.shelf.is_dealt and not recovering,
            partitions={_place(tp, book.feed.name): _counts(book, reading.lag(tp)) for tp, book in books.items()},
            recovering={_place(tp): recovery for tp, recovery in recovering.items()},
            commits=self.shelf.commits.copied(),
        )

    def _take_some(self, book: FeedState, tp: TP, records: Sequence[ConsumedRecord]) -> tuple[list[OutputRecord], int]:
        """What the first of `records` become, and how many these were."""
        wall, until = self._wall(), monotonic() + timing.SLICE_SECONDS
        said: list[OutputRecord] = []
        taken = 0
        for record in records[: timing.SLICE_RECORDS]:
            said += messages(book.take(record, wall), RecordContext.of(book.feed, tp, record, wall), self._partitions)
            taken += 1
            if monotonic() > until:
                break
        return said, taken

    def _clocks(self, tp: TP, book: FeedState, reading: ReadPositions) -> list[OutputRecord]:
        now = monotonic()
        if now < self._said.get(tp, 0.0) + timing.CLOCK_SECONDS:
            return []
        answered = reading.read_at(tp)
        clock = book.move(None if answered is None else answered - timing.ANSWER_MS, self._wall())
        if clock is None:
            return []
        self._said[tp] = now
        return clocks(clock, self._partitions)


def _place(tp: TP, feed: str = "") -> FeedPartition:
    return FeedPartition(feed, tp.topic, tp.partition)


def _counts(book: FeedState, lag: int | None) -> FeedSnapshot:
    return FeedSnapshot(deepcopy(book.counts), lag)
