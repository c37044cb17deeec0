"""Timers: the instants at which cases have to be judged again without another record.

Most timers are far ahead, and obsolete before they fire. So a timer is first put unsorted into a one-second
bucket, and the buckets are loaded into a heap one at a time, as the watermark reaches them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from heapq import heapify, heappop, heappush
from typing import Final

from schemas.instants import NEVER, Instant, Millis, format_instant
from schemas.reading import Refused
from streams.judging.facts import Fact
from streams.state import case_codec

_SECOND: Final = 1000

_Entry = tuple[Instant, str]


class Timers:
    """The timers of cases. `due_at` returns the current timer of a case, or NEVER.

    Entries are removed lazily. When the bucket of an obsolete entry comes near, the case is entered at its current
    timer. An entry can also become obsolete after that, so the caller compares what `pop_due` yields with `due_at`.
    """

    def __init__(self, due_at: Callable[[str], Instant]) -> None:
        self.earliest: Instant = NEVER
        """A lower bound of all entries."""
        self._due_at = due_at
        self._heap: list[_Entry] = []
        """A heap of all entries before `_heap_until`."""
        self._heap_until: Instant = 0
        self._buckets: dict[int, list[str]] = {}
        self._seconds: list[int] = []
        """A heap of the seconds that have a bucket."""

    def set(self, case: str, at: Instant) -> None:
        """Add a timer for `case` at `at`; NEVER adds none."""
        if at == NEVER:
            return
        if at < self.earliest:
            self.earliest = at
        if at < self._heap_until:
            heappush(self._heap, (at, case))
            return
        second = at // _SECOND
        entries = self._buckets.get(second)
        if entries is None:
            self._buckets[second] = [case]
            heappush(self._seconds, second)
        else:
            entries.append(case)

    def pop_due(self, now: Instant) -> Iterator[_Entry]:
        """Remove and yield the entries that are due by `now`, earliest first, including those set meanwhile."""
        while self.earliest <= now:
            if not self._heap:
                self._load_next_bucket()
            if self._heap and self._heap[0][0] <= now:
                yield heappop(self._heap)
            self.earliest = self._heap[0][0] if self._heap else self._next_second()

    def _load_next_bucket(self) -> None:
        """Load the next bucket into the heap, with the current timer of each of its cases."""
        second = heappop(self._seconds)
        self._heap_until = (second + 1) * _SECOND
        for case in self._buckets.pop(second):
            at = self._due_at(case)
            if at < self._heap_until:
                self._heap.append((at, case))
            else:
                self.set(case, at)
        heapify(self._heap)

    def _next_second(self) -> Instant:
        return self._seconds[0] * _SECOND if self._seconds else NEVER

    def __len__(self) -> int:
        return len(self._heap) + sum(map(len, self._buckets.values()))


class RetentionTimers(Timers):
    """The timers at which closed cases expire: `retention` after their last fact or due. None: they never expire."""

    def __init__(self, retention: Millis | None, stored: Callable[[str], bytes | None]) -> None:
        super().__init__(self._expires_at)
        self._retention = retention
        self._stored = stored

    def _expires_at(self, name: str) -> Instant:
        """Return when a closed case expires; NEVER for an open one."""
        stored = self._stored(name)
        idle_since = NEVER if stored is None else case_codec.read_idle_since(stored)
        return NEVER if idle_since == NEVER or self._retention is None else idle_since + self._retention + 1

    def restore(self, names: Iterable[str]) -> None:
        """Set the timers of these cases, of which any may be open."""
        if self._retention is not None:
            for name in names:
                self.set(name, self._expires_at(name))

    def case_closed(self, name: str, before: bytes | None, stored: bytes) -> None:
        """Set the timer of a case that was stored as `before` and is now closed, and stored as `stored`."""
        if self._retention is None:
            return
        if before is None or case_codec.read_idle_since(stored) < case_codec.read_idle_since(before):
            self.set(name, self._expires_at(name))  # otherwise it has an entry that is early enough

    def expired(self, now: Instant) -> Iterator[str]:
        """Yield the cases that expire by `now`. A case that is open again gets another entry when it closes."""
        for at, name in self.pop_due(now):
            due_at = self._expires_at(name)
            if due_at == at:
                yield name
            elif due_at != NEVER:
                self.set(name, due_at)

    def check_age(self, fact: Fact, now: Instant) -> None:
        """Raise Refused if `fact`, of an unknown case, may belong to a case that has expired by `now`."""
        if self._retention is not None and fact.at < now - self._retention:
            raise Refused(
                "too_late",
                f"occurred_at: {format_instant(fact.at)} is older than the retention of closed cases "
                f"({self._retention / 1000:g} seconds), and the case is unknown or has expired",
            )
