"""When to look at which case again though nothing comes: a heap of wake-up times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush

from schemas.instants import NEVER, Instant


class Deadlines:
    """Entries are never taken out early: a case that was rescheduled is found by two, and who reads checks."""

    def __init__(self, entries: Iterable[tuple[Instant, str]] = ()) -> None:
        self._heap = [entry for entry in entries if entry[0] != NEVER]
        heapify(self._heap)

    def set(self, case: str, at: Instant) -> None:
        """Look at `case` again at `at`."""
        if at != NEVER:
            heappush(self._heap, (at, case))

    def passed(self, now: Instant) -> Iterator[tuple[Instant, str]]:
        """Take out the times that have come by `now`, with their cases, the earliest first; those set meanwhile too."""
        while self._heap and self._heap[0][0] <= now:
            yield heappop(self._heap)

    def __len__(self) -> int:
        return len(self._heap)
