"""The history of a case: its facts in the order in which they happened, each known once.

A fact is the compact form of a canonical event: only what judging needs. All its fields are ordered, so any set of
facts has one order, whatever order they arrived in.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from enum import IntEnum
from operator import attrgetter
from typing import NamedTuple, Self

from schemas.instants import NEVER, Instant
from schemas.words import Origin


class What(IntEnum):
    """What a fact says. The numbers are stored, and break ties between facts of one instant: append only."""

    MADE = 0
    AMENDED = 1
    ASSIGNED = 2
    HOLD_STARTED = 3
    HOLD_ENDED = 4
    REACHED = 5
    UNDONE = 6
    WITHDRAWN = 7
    CANCELLED = 8
    CORRECTED = 9


class Terms(NamedTuple):
    """A promise as a fact states it. `opens` is 0 where the promise has no earliest instant."""

    kind: str
    ordinal: int
    opens: Instant
    due: Instant
    origin: Origin


class Fact(NamedTuple):
    """One thing that happened to a case.

    name: the step, the party, the reason of a hold or the id of the corrected fact, as `what` requires.
    instead: of a correction, the fact that takes the place of the corrected one; None if there was none.
    Empty text means that nothing was said.
    """

    at: Instant
    what: What
    id: str
    subject: str = ""
    name: str = ""
    staff: str = ""
    location: str = ""
    channel: str = ""
    segment: str = ""
    terms: tuple[Terms, ...] = ()
    instead: tuple[Fact, ...] = ()


History = list[Fact]
"""The facts of one case, sorted, no id twice."""

_at = attrgetter("at")


def insert(history: History, fact: Fact) -> bool:
    """Put `fact` in its place; False if it says nothing new.

    Of two facts under one id the greater stays, so that any order of arrival leaves the same history.
    """
    for position, known in enumerate(history):
        if known.id == fact.id:
            if fact <= known:
                return False
            del history[position]
            break
    insort(history, fact)
    return True


class Known(NamedTuple):
    """What of a history is known at an instant, and when more will be."""

    facts: History
    more_at: Instant

    @classmethod
    def at(cls, history: History, now: Instant) -> Self:
        """The facts that happened up to `now`, as corrected up to `now`."""
        end = bisect_right(history, now, key=_at)
        more_at = history[end].at if end < len(history) else NEVER
        seen = history[:end]
        corrections = _corrections(seen)
        if not corrections:
            return cls(seen, more_at)
        replacements = [fact for correction in corrections.values() for fact in correction.instead]
        facts = [fact for fact in seen if fact.id not in corrections]
        facts += [fact for fact in replacements if fact.at <= now]
        later = [fact.at for fact in replacements if fact.at > now]
        return cls(sorted(facts), min([more_at, *later]))


def _corrections(seen: History) -> dict[str, Fact]:
    """The correction that stands for each corrected id: the last made, unless itself corrected."""
    corrections = [fact for fact in reversed(seen) if fact.what == What.CORRECTED]
    ids = {fact.id for fact in corrections}
    # Those of corrections first: whose clock was behind may take back what is stamped later.
    corrections.sort(key=lambda fact: fact.name not in ids)
    standing: dict[str, Fact] = {}
    for fact in corrections:
        if fact.id not in standing:
            standing.setdefault(fact.name, fact)
    return standing
