"""The reading positions of all partitions: what was dispatched to the agent, and what has to be read again. Pure.

Faust keeps fetched records in queues that it empties at rebalances, and acknowledges records on which an agent failed:
records get lost on the way. Three rules make that harmless, whatever Faust does:
1. Every batch says where it starts. The application accepts a batch only if it does not start after its own position.
2. A partition is read again from the application's position, never from Faust's acknowledgements.
3. Seeks are only recorded here. The one task that fetches makes them, between two fetches, and drops what was fetched
   of a partition before its seek.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from faust.types import TP

from streams.engine.timing import TIMING, Timing
from streams.engine.transport.batches import Batch, ReadPosition
from streams.records import ConsumedRecord


@dataclass(frozen=True, slots=True)
class PartitionEnd:
    """One answer of the broker about a partition: offsets, and the time of the answer in milliseconds UTC.

    fetched: the offset after all that was fetched. Unlike the offset of a record it passes markers of transactions.
    """

    fetched: int
    highwater: int
    polled_at: int


class ReadPositions:
    """The reading positions of all partitions of this process.

    application: the position of the application in each partition.
    """

    def __init__(self, application: Mapping[TP, ReadPosition], timing: Timing = TIMING) -> None:
        self._application = application
        self._timing = timing
        self._next: dict[TP, int] = {}
        """The offset after the last dispatched batch of each partition that is read here."""
        self._done: dict[TP, Callable[[], bool]] = {}
        self._pending_seeks: set[TP] = set()
        self._ends: Mapping[TP, PartitionEnd] = {}

    def unread(self, batch: Batch) -> Sequence[ConsumedRecord]:
        """Return the records of `batch` that the application has not read; none if a batch before it was lost.

        A lost batch is read again. The application applies the records and sets its `next` to `batch.end` before it
        receives the next batch.
        """
        position = self._application.get(batch.tp)
        if position is None:
            return ()
        if batch.start > position.next:
            self.reread(batch.tp)
            return ()
        return batch.since(position.next)

    def reread(self, tp: TP) -> None:
        """Seek to the application's position before the next fetch."""
        self._pending_seeks.add(tp)

    def caught_up(self, tp: TP, now_ms: int) -> bool:
        """Return whether the application has read all that the broker had of `tp` at its last, recent answer.

        now_ms: the clock of this machine in milliseconds UTC. False if `tp` is not read here.
        """
        caught_up_at = self.caught_up_at(tp)
        return caught_up_at is not None and now_ms - caught_up_at <= self._timing.poll_limit_ms

    def caught_up_at(self, tp: TP) -> int | None:
        """Return the time of the broker's last answer, in milliseconds UTC, if it had nothing that is unread.

        None if there was more than the application has read, or if `tp` is not read here.
        """
        end, dispatched, position = self._ends.get(tp), self._next.get(tp), self._application.get(tp)
        if end is None or dispatched is None or position is None or tp in self._pending_seeks:
            return None
        return end.polled_at if end.fetched >= end.highwater and position.next >= dispatched else None

    def lag(self, tp: TP) -> int | None:
        """Return the offsets from the application's position to the broker's last answer; None without an answer."""
        end, position = self._ends.get(tp), self._application.get(tp)
        if end is None or position is None:
            return None
        return 0 if self.caught_up_at(tp) is not None else max(0, end.highwater - position.next)

    def durable(self) -> dict[TP, int]:
        """Return the offsets to commit of the partitions that are read here."""
        positions = ((tp, self._application.get(tp)) for tp in self._next)
        return {tp: position.durable for tp, position in positions if position is not None}

    def clear(self) -> None:
        """Stop dispatching all partitions, because they were revoked."""
        self._next.clear()
        self._done.clear()
        self._pending_seeks.clear()

    def start(self, tps: Iterable[TP]) -> None:
        """Read exactly these partitions, from the application's positions."""
        self.clear()
        self._pending_seeks.update(tps)

    def pop_seeks(self, assigned: Container[TP]) -> dict[TP, int]:
        """Return the offsets to seek to before the next fetch. From now on batches follow these offsets.

        A partition without a position is skipped, until it has one and `reread` is called.
        """
        positions = {tp: self._application.get(tp) for tp in self._pending_seeks if tp in assigned}
        seeks = {tp: position.next for tp, position in positions.items() if position is not None}
        self._next = {tp: offset for tp, offset in self._next.items() if tp not in self._pending_seeks} | seeks
        self._ends = {tp: end for tp, end in self._ends.items() if tp not in self._pending_seeks}
        self._pending_seeks.clear()
        return seeks

    def batches(self, tp: TP, records: Sequence[ConsumedRecord]) -> Iterator[Batch]:
        """Yield the fetched records of `tp` as batches, until a seek is pending for it."""
        size = self._timing.batch_records
        for first in range(0, len(records), size):
            if tp in self._pending_seeks or tp not in self._next:
                return
            batch = Batch(tp, self._next[tp], records[first : first + size])
            self._next[tp] = batch.end
            yield batch

    def dispatched(self, tp: TP, done: Callable[[], bool]) -> None:
        """Note that a batch of `tp` is on its way to the agent. done: returns whether nothing works on it any more."""
        self._done[tp] = done

    def update_ends(self, ends: Mapping[TP, PartitionEnd]) -> None:
        """Store the ends of a fetch, once all its records are dispatched."""
        self._ends = ends

    def reread_dropped(self) -> None:
        """Read again where the last batch was dropped and no later batch would show it.

        To be called after a fetch without records, so that an agent that fails on the same batch each time does not
        spin.
        """
        for tp, done in self._done.items():
            position, dispatched = self._application.get(tp), self._next.get(tp)
            if position is not None and dispatched is not None and done() and position.next < dispatched:
                self._pending_seeks.add(tp)
