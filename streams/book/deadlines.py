"""When to look at which case again though nothing comes: wake-up times, in order.

Most are far off, and gone again before they come: they lie unsorted by the second in which they come.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Final

from schemas.instants import NEVER, Instant

_SECOND: Final = 1000

_Entry = tuple[Instant, str]


class Deadlines:
    """Entries are never taken out early: a case that was rescheduled is found by two, and who reads checks."""

    def __init__(self) -> None:
        self.earliest: Instant = NEVER
        """No entry is earlier."""
        self._near: list[_Entry] = []
        """A heap of all entries before `_near_until`."""
        self._near_until: Instant = 0
        self._ahead: dict[int, list[_Entry]] = {}
        self._seconds: list[int] = []
        """A heap of the seconds that have entries ahead."""

    def set(self, case: str, at: Instant) -> None:
        """Look at `case` again at `at`."""
        if at == NEVER:
            return
        if at < self.earliest:
            self.earliest = at
        if at < self._near_until:
            heappush(self._near, (at, case))
            return
        second = at // _SECOND
        entries = self._ahead.get(second)
        if entries is None:
            entries = self._ahead[second] = []
            heappush(self._seconds, second)
        entries.append((at, case))

    def passed(self, now: Instant) -> Iterator[_Entry]:
        """Take out the times that have come by `now`, with their cases, the earliest first; those set meanwhile too."""
        while self.earliest <= now:
            if not self._near:
                self._draw_near()
            if self._near and self._near[0][0] <= now:
                yield heappop(self._near)
            self.earliest = self._near[0][0] if self._near else self._next_second()

    def _draw_near(self) -> None:
        """The next second that has entries is near now."""
        second = heappop(self._seconds)
        self._near = self._ahead.pop(second)
        heapify(self._near)
        self._near_until = (second + 1) * _SECOND

    def _next_second(self) -> Instant:
        return self._seconds[0] * _SECOND if self._seconds else NEVER

    def __len__(self) -> int:
        return len(self._near) + sum(map(len, self._ahead.values()))
