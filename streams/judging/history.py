"""The history of a case: its facts in the order in which they happened, each known once."""

from __future__ import annotations

from bisect import bisect_right, insort
from operator import attrgetter
from typing import NamedTuple, Self

from schemas.instants import NEVER, Instant
from schemas.values import pack, unpacker
from streams.judging.facts import Fact, FactType, Terms

__all__ = [
    "Fact",
    "FactType",
    "History",
    "KnownHistory",
    "Terms",
    "insert",
    "pack_fact",
    "pack_history",
    "unpack_history",
]

History = list[Fact]
"""The facts of one case, sorted, no id twice."""

_at = attrgetter("at")
_unpack = unpacker(list[Fact])


def pack_history(history: History) -> bytes:
    """The facts as bytes, one after another: a further one is appended without a look at the others."""
    return b"".join(map(pack_fact, history))


def pack_fact(fact: Fact) -> bytes:
    """The fact as bytes, without the last fields where they say nothing: most facts are steps."""
    stored = pack(fact)
    if fact.quality:
        return stored
    if fact.terms or fact.replacement:
        return b"\x9b" + stored[1:-1]  # MessagePack's head of an array of 11
    return b"\x99" + stored[1:-3]


def unpack_history(facts: bytes, count: int) -> History:
    """The `count` facts in those bytes."""
    return _unpack(b"\xdd" + count.to_bytes(4, "big") + facts)  # MessagePack's head of an array of that length


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


class KnownHistory(NamedTuple):
    """What of a history is known at an instant, and when more will be."""

    facts: History
    next_fact_at: Instant

    @classmethod
    def at(cls, history: History, now: Instant) -> Self:
        """The facts that happened up to `now`, as corrected up to `now`."""
        end = bisect_right(history, now, key=_at)
        next_fact_at = history[end].at if end < len(history) else NEVER
        past = history[:end]
        corrections = _corrections(past)
        if not corrections:
            return cls(past, next_fact_at)
        replacements = [fact for correction in corrections.values() for fact in correction.replacement]
        facts = [fact for fact in past if fact.id not in corrections]
        facts += [fact for fact in replacements if fact.at <= now]
        later = [fact.at for fact in replacements if fact.at > now]
        return cls(sorted(facts), min([next_fact_at, *later]))


def _corrections(past: History) -> dict[str, Fact]:
    """The correction that stands for each corrected id: the last made, unless itself corrected."""
    corrections = [fact for fact in reversed(past) if fact.type == FactType.CORRECTED]
    ids = {fact.id for fact in corrections}
    # Those of corrections first: whose clock was behind may take back what is stamped later.
    corrections.sort(key=lambda fact: fact.name not in ids)
    effective: dict[str, Fact] = {}
    for fact in corrections:
        if fact.id not in effective:
            effective.setdefault(fact.name, fact)
    return effective
