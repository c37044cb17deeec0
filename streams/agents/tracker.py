"""The tracker: one book a partition, fed with chunks, moved by the clock.

In this version a book lives in memory and is made again by reading its partition from the start. Outputs that an
earlier run has sent (those of records below the committed offset) are not sent again; ids make the rest recognisable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from faust.types import TP

from schemas.instants import Instant
from schemas.reading import Refused
from streams.agents.outbox import Sending
from streams.book.book import Book, Effect, Incoming
from streams.book.outputs import Output
from streams.judging.policy import Policies
from streams.metrics.snapshot import PartitionCounts, Recovery, Snapshot
from streams.settings import ClockMode
from streams.transport import Chunk, Reading, Record


class Outbox(Protocol):
    """Where outputs go. What is returned is done when it is written for good."""

    async def say(self, output: Output) -> Sending:
        """Send a verdict or an alert."""

    async def refuse(self, chunk: Chunk, record: Record, refused: Refused) -> Sending:
        """Send a record to the rejects."""


@dataclass(slots=True)
class Shelved:
    """A book and how far it is: the position that the transport reads. said: outputs of records below were sent by an
    earlier run. recovered: it was read to the end since this worker has the partition."""

    book: Book
    said: int
    next: int = 0
    durable: int = 0
    recovered: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Tracker:
    """All books of this worker."""

    def __init__(self, policies: Policies, clock: ClockMode, outbox: Outbox, wall: Callable[[], Instant]) -> None:
        self.shelf: dict[TP, Shelved] = {}
        self._policies = policies
        self._clock = clock
        self._outbox = outbox
        self._wall = wall
        self._assigned = False

    def open(self, committed: Mapping[TP, int | None]) -> None:
        """Keep a book for each of these partitions, and for no other."""
        for tp in self.shelf.keys() - committed.keys():
            del self.shelf[tp]
        for tp, offset in committed.items():
            kept = self.shelf.get(tp)
            if kept is None:
                self.shelf[tp] = Shelved(Book(self._policies), said=offset or 0)
            else:
                kept.said = max(kept.said, offset or 0)
        self._assigned = True

    def close(self) -> None:
        """The partitions may go to others: their counts are nobody's until they are opened again."""
        self._assigned = False
        for shelved in self.shelf.values():
            shelved.recovered = False

    async def feed(self, chunk: Chunk, reading: Reading) -> None:
        """Apply what is new in `chunk`, and send what follows from it."""
        shelved = self.shelf.get(chunk.tp)
        if shelved is None:
            return
        async with shelved.lock:
            if self.shelf.get(chunk.tp) is not shelved:
                return  # a rebalance came while the clock had the book
            effects = [*self._apply(shelved, reading.unread(chunk))]
            try:
                await self._send(chunk, effects)
            except BaseException:
                # What was judged and not said must be judged again, from the start.
                self.shelf.pop(chunk.tp, None)
                raise
            shelved.durable = shelved.next

    def _apply(self, shelved: Shelved, records: Sequence[Record]) -> Iterator[tuple[Record, Effect]]:
        """Apply records, and give the effects that an earlier run has not sent."""
        wall = self._wall()
        for record in records:
            effects = shelved.book.apply(Incoming(record.timestamp, record.key, record.value), wall)
            shelved.next = record.offset + 1
            if record.offset >= shelved.said:
                yield from ((record, effect) for effect in effects)

    async def _send(self, chunk: Chunk, effects: Iterable[tuple[Record, Effect]]) -> None:
        sending = [
            await (
                self._outbox.refuse(chunk, record, effect) if isinstance(effect, Refused) else self._outbox.say(effect)
            )
            for record, effect in effects
        ]
        await asyncio.gather(*sending)

    async def tick(self, reading: Reading) -> None:
        """Note which books are read to the end; on a live clock, move those to the wall clock."""
        for tp, shelved in list(self.shelf.items()):
            now = self._wall()
            if shelved.lock.locked() or not reading.caught_up(tp, now):
                continue
            async with shelved.lock:
                outputs = shelved.book.move(now, now) if self._clock == "live" else []
                shelved.recovered = True  # before the first await: a rebalance that comes then has the last word
                await asyncio.gather(*[await self._outbox.say(output) for output in outputs])

    def snapshot(self) -> Snapshot:
        """The counts of all books that are recovered, and how far the others are, as they are now."""
        owned = {tp.partition: shelved for tp, shelved in self.shelf.items()}
        recovering = {number: Recovery(shelved.next) for number, shelved in owned.items() if not shelved.recovered}
        return Snapshot(
            ready=self._assigned and not recovering,
            partitions={number: _counts(shelved.book) for number, shelved in owned.items() if shelved.recovered},
            recovering=recovering,
        )


def _counts(book: Book) -> PartitionCounts:
    tally = book.tally
    return PartitionCounts(
        clock=book.clock.now,
        rows=tally.copied_rows(),
        windows=tally.windows.sums(),
        events=dict(book.events),
        rejects={str(reason): number for reason, number in book.rejects.items()},
        duplicates=book.duplicates,
    )
