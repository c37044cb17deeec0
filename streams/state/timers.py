"""When to look at which case again though nothing comes: wake-up times, in order.

Most are far off, and gone again before they come: until then a case is only listed under the second in which it wakes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from typing import Final

from schemas.instants import NEVER, Instant

_SECOND: Final = 1000

_Entry = tuple[Instant, str]


class Deadlines:
    """The cases that wake by themselves. `wakes` tells when a case does, or NEVER.

    Entries are never taken out early. Whose time was moved on since is listed again when the old one comes near; who
    was moved on after that is found by two entries, and who reads checks.
    """

    def __init__(self, wakes: Callable[[str], Instant]) -> None:
        self.earliest: Instant = NEVER
        """No entry is earlier."""
        self._wakes = wakes
        self._near: list[_Entry] = []
        """A heap of all entries before `_near_until`."""
        self._near_until: Instant = 0
        self._ahead: dict[int, list[str]] = {}
        self._seconds: list[int] = []
        """A heap of the seconds that have entries ahead."""

    def set(self, case: str, at: Instant) -> None:
        """Look at `case` again at `at`, when it wakes, or may."""
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
            self._ahead[second] = [case]
            heappush(self._seconds, second)
        else:
            entries.append(case)

    def passed(self, now: Instant) -> Iterator[_Entry]:
        """Take out the times that have come by `now`, with their cases, the earliest first; those set meanwhile too."""
        while self.earliest <= now:
            if not self._near:
                self._draw_near()
            if self._near and self._near[0][0] <= now:
                yield heappop(self._near)
            self.earliest = self._near[0][0] if self._near else self._next_second()

    def _draw_near(self) -> None:
        """The next second that has entries is near now: of each case the time is looked up."""
        second = heappop(self._seconds)
        self._near_until = (second + 1) * _SECOND
        for case in self._ahead.pop(second):
            at = self._wakes(case)
            if at < self._near_until:
                self._near.append((at, case))
            else:
                self.set(case, at)
        heapify(self._near)

    def _next_second(self) -> Instant:
        return self._seconds[0] * _SECOND if self._seconds else NEVER

    def __len__(self) -> int:
        return len(self._near) + sum(map(len, self._ahead.values()))
