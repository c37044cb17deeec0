"""When to look at which case again though nothing comes: wake-up times, in order.

Most are far off, and gone again before they come: until then a case is only listed under the second in which it wakes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from heapq import heapify, heappop, heappush
from typing import Final

from schemas.instants import NEVER, Instant, Millis, show
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


class RetentionTimers(Timers):
    """The closed cases, by when nothing has happened to them for `retention`; None: they are kept for good."""

    def __init__(self, retention: Millis | None, stored: Callable[[str], bytes | None]) -> None:
        super().__init__(self._ages)
        self._retention = retention
        self._stored = stored

    def _ages(self, name: str) -> Instant:
        """When nothing has happened to a closed case for the retention."""
        stored = self._stored(name)
        since = NEVER if stored is None else case_codec.rests_since(stored)
        return NEVER if since == NEVER or self._retention is None else since + self._retention + 1

    def take_over(self, names: Iterable[str]) -> None:
        """These cases are there, closed or not."""
        if self._retention is not None:
            for name in names:
                self.set(name, self._ages(name))

    def closed(self, name: str, before: bytes | None, stored: bytes) -> None:
        """That case was `before`, and is now `stored`, which is closed."""
        if self._retention is None:
            return
        if before is None or case_codec.rests_since(stored) < case_codec.rests_since(before):
            self.set(name, self._ages(name))  # otherwise it has an entry, which is early enough

    def aged(self, now: Instant) -> Iterator[str]:
        """The cases to forget at `now`. One that is open again has another entry when it closes."""
        for at, name in self.passed(now):
            ages = self._ages(name)
            if ages == at:
                yield name
            elif ages != NEVER:
                self.set(name, ages)

    def check(self, fact: Fact, now: Instant) -> None:
        """Raises Refused where `fact`, of a case that is not known at `now`, may be of one that was forgotten."""
        if self._retention is not None and fact.at < now - self._retention:
            raise Refused(
                "too_late",
                f"occurred_at: {show(fact.at)} is longer ago than closed cases are kept "
                f"({self._retention / 1000:g} seconds), and the case is not known, or no longer",
            )
