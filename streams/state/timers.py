"""When to look at which case again though nothing comes: wake-up times, in order.

Most are far off, and gone again before they come: until then a case is only listed under the second in which it wakes.
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
    """The cases that wake by themselves. `wakes` tells when a case does, or NEVER.

    Entries are never taken out early. Whose time was moved on since is listed again when the old one comes near; who
    was moved on after that is found by two entries, and who reads checks.
    """

    def __init__(self, due_at: Callable[[str], Instant]) -> None:
        self.earliest: Instant = NEVER
        """No entry is earlier."""
        self._due_at = due_at
        self._heap: list[_Entry] = []
        """A heap of all entries before `_near_until`."""
        self._heap_until: Instant = 0
        self._buckets: dict[int, list[str]] = {}
        self._seconds: list[int] = []
        """A heap of the seconds that have entries ahead."""

    def set(self, case: str, at: Instant) -> None:
        """Look at `case` again at `at`, when it wakes, or may."""
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
        """Take out the times that have come by `now`, with their cases, the earliest first; those set meanwhile too."""
        while self.earliest <= now:
            if not self._heap:
                self._load_next_bucket()
            if self._heap and self._heap[0][0] <= now:
                yield heappop(self._heap)
            self.earliest = self._heap[0][0] if self._heap else self._next_second()

    def _load_next_bucket(self) -> None:
        """The next second that has entries is near now: of each case the time is looked up."""
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
    """The closed cases, by when nothing has happened to them for `retention`; None: they are kept for good."""

    def __init__(self, retention: Millis | None, stored: Callable[[str], bytes | None]) -> None:
        super().__init__(self._expires_at)
        self._retention = retention
        self._stored = stored

    def _expires_at(self, name: str) -> Instant:
        """When nothing has happened to a closed case for the retention."""
        stored = self._stored(name)
        idle_since = NEVER if stored is None else case_codec.read_idle_since(stored)
        return NEVER if idle_since == NEVER or self._retention is None else idle_since + self._retention + 1

    def restore(self, names: Iterable[str]) -> None:
        """These cases are there, closed or not."""
        if self._retention is not None:
            for name in names:
                self.set(name, self._expires_at(name))

    def case_closed(self, name: str, before: bytes | None, stored: bytes) -> None:
        """That case was `before`, and is now `stored`, which is closed."""
        if self._retention is None:
            return
        if before is None or case_codec.read_idle_since(stored) < case_codec.read_idle_since(before):
            self.set(name, self._expires_at(name))  # otherwise it has an entry, which is early enough

    def expired(self, now: Instant) -> Iterator[str]:
        """The cases to forget at `now`. One that is open again has another entry when it closes."""
        for at, name in self.pop_due(now):
            due_at = self._expires_at(name)
            if due_at == at:
                yield name
            elif due_at != NEVER:
                self.set(name, due_at)

    def check_age(self, fact: Fact, now: Instant) -> None:
        """Raises Refused where `fact`, of a case that is not known at `now`, may be of one that was forgotten."""
        if self._retention is not None and fact.at < now - self._retention:
            raise Refused(
                "too_late",
                f"occurred_at: {format_instant(fact.at)} is longer ago than closed cases are kept "
                f"({self._retention / 1000:g} seconds), and the case is not known, or no longer",
            )
