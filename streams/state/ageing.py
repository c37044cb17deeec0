"""The retention: when a case that closed, and of which all is past, is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from schemas.instants import NEVER, Instant, show
from schemas.reading import Refused
from streams.judging.facts import Fact
from streams.judging.policy import Millis
from streams.state import case_codec
from streams.state.timers import Deadlines


class Ageing(Deadlines):
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
