"""Where each partition is read, what the agent was given of it, and what has to be read again. Pure.

Faust keeps what was fetched in queues, which it empties at rebalances, and acknowledges what an agent failed on:
records get lost on the way. Three rules make that harmless, whatever Faust does:
1. Every chunk says where it starts, and an application takes a chunk only if that is not after its own position.
2. A partition is read again from the application's position, never from Faust's acknowledgements.
3. Seeks are only noted here; the one task that fetches makes them, between two fetches, and what was fetched for a
   partition before its seek is thrown away.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from faust.types import TP

from streams.engine.transport.batches import Batch, ReadPosition
from streams.records import ConsumedRecord

CHUNK_RECORDS = 1000
"""Records of one chunk, at most: enough to make the cost of one event small, few enough to keep the loop responsive."""

POLL_LIMIT_MS = 3_000
"""How old the broker's last answer about a partition may be for `caught_up`."""


@dataclass(frozen=True, slots=True)
class PartitionEnd:
    """What one answer of the broker said of a partition: all offsets, `polled_at` in milliseconds UTC.

    `fetched` is the offset after all that was fetched; unlike a record's offset it passes transaction markers.
    """

    fetched: int
    highwater: int
    polled_at: int


class ReadPositions:
    """The reading of all partitions of this worker, from positions that the application keeps."""

    def __init__(self, positions: Mapping[TP, ReadPosition], chunk_records: int = CHUNK_RECORDS) -> None:
        self._positions = positions
        self._chunk_records = chunk_records
        self._given: dict[TP, int] = {}
        self._done: dict[TP, Callable[[], bool]] = {}
        self._again: set[TP] = set()
        self._ends: Mapping[TP, PartitionEnd] = {}

    def unread(self, chunk: Batch) -> Sequence[ConsumedRecord]:
        """The records of `chunk` that the application has not read; none if one before it was lost, which is re-read.

        The application applies them and sets its `next` to `chunk.end` before it takes the next chunk.
        """
        position = self._positions.get(chunk.tp)
        if position is None:
            return ()
        if chunk.start > position.next:
            self.reread(chunk.tp)
            return ()
        return chunk.since(position.next)

    def reread(self, tp: TP) -> None:
        """Go back (or forth) to the application's position before the next fetch."""
        self._again.add(tp)

    def caught_up(self, tp: TP, now_ms: int) -> bool:
        """Whether the application has read all that the broker had of `tp` when it last answered, and that is recent.

        `now_ms` is this machine's clock, milliseconds UTC. False while `tp` is not read here.
        """
        read_at = self.read_at(tp)
        return read_at is not None and now_ms - read_at <= POLL_LIMIT_MS

    def read_at(self, tp: TP) -> int | None:
        """When the broker answered, in milliseconds UTC, that there was no more of `tp` than the application has read.

        What it answered last counts; None where there was more. None while `tp` is not read here.
        """
        end, given, position = self._ends.get(tp), self._given.get(tp), self._positions.get(tp)
        if end is None or given is None or position is None or tp in self._again:
            return None
        return end.polled_at if end.fetched >= end.highwater and position.next >= given else None

    def lag(self, tp: TP) -> int | None:
        """How many offsets the application is behind what the broker last answered; None where it has not answered."""
        end, position = self._ends.get(tp), self._positions.get(tp)
        if end is None or position is None:
            return None
        return 0 if self.read_at(tp) is not None else max(0, end.highwater - position.next)

    def durable(self) -> dict[TP, int]:
        """The offsets to commit of the partitions that are read here."""
        read = ((tp, self._positions.get(tp)) for tp in self._given)
        return {tp: position.durable for tp, position in read if position is not None}

    def forget(self) -> None:
        """The partitions were revoked: what is still under way of them is not given to the agent."""
        self._given.clear()
        self._done.clear()
        self._again.clear()

    def start(self, tps: Iterable[TP]) -> None:
        """Read these partitions, and only these, from the application's positions."""
        self.forget()
        self._again.update(tps)

    def take_seeks(self, assigned: Container[TP]) -> dict[TP, int]:
        """Where to seek before the next fetch. From now on chunks follow these offsets.

        A partition that has no position any more is left alone until it has one and `reread` is called.
        """
        positions = {tp: self._positions.get(tp) for tp in self._again if tp in assigned}
        seeks = {tp: position.next for tp, position in positions.items() if position is not None}
        self._given = {tp: given for tp, given in self._given.items() if tp not in self._again} | seeks
        self._ends = {tp: end for tp, end in self._ends.items() if tp not in self._again}
        self._again.clear()
        return seeks

    def chunks(self, tp: TP, records: Sequence[ConsumedRecord]) -> Iterator[Batch]:
        """What was fetched of `tp` as chunks, until they are to be read elsewhere."""
        for first in range(0, len(records), self._chunk_records):
            if tp in self._again or tp not in self._given:
                return
            chunk = Batch(tp, self._given[tp], records[first : first + self._chunk_records])
            self._given[tp] = chunk.end
            yield chunk

    def handed_over(self, tp: TP, done: Callable[[], bool]) -> None:
        """A chunk of `tp` is on its way to the agent; `done` tells whether nobody works on it any more."""
        self._done[tp] = done

    def polled(self, ends: Mapping[TP, PartitionEnd]) -> None:
        """All that was fetched together with `ends` has been handed over."""
        self._ends = ends

    def reread_lost(self) -> None:
        """Read again where the last chunk was dropped: no later chunk would tell.

        For moments without new records, so that an agent which fails on the same chunk each time does not spin.
        """
        for tp, done in self._done.items():
            position, given = self._positions.get(tp), self._given.get(tp)
            if position is not None and given is not None and done() and position.next < given:
                self._again.add(tp)
