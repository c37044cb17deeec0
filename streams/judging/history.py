"""The history of a case: its facts in order of occurrence, without duplicates; and the history as bytes.

A case holds its history packed (see `case.Case`): a fact in order is appended without decoding the others.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable
from operator import attrgetter
from typing import Final, NamedTuple, Self

from msgspec import msgpack

from schemas.instants import NEVER, Instant
from streams.judging.facts import Fact, FactType, Terms

__all__ = [
    "Fact",
    "FactType",
    "History",
    "KnownHistory",
    "Terms",
    "insert",
    "pack",
    "pack_fact",
    "pack_history",
    "unpack_history",
]

History = list[Fact]
"""The facts of one case, sorted; every id occurs once."""

pack: Final[Callable[[object], bytes]] = msgpack.Encoder().encode
"""Encode a value as MessagePack. The encoding of one value is never a prefix of the encoding of another."""

_at = attrgetter("at")
_unpack = msgpack.Decoder(list[Fact]).decode


def pack_history(history: History) -> bytes:
    """Encode the facts one after another, so that another fact can be appended without decoding them."""
    return b"".join(map(pack_fact, history))


def pack_fact(fact: Fact) -> bytes:
    """Encode a fact, without its last fields if they have their defaults, as those of most steps do."""
    stored = pack(fact)
    if fact.quality:
        return stored
    if fact.terms or fact.replacement:
        return b"\x9b" + stored[1:-1]  # an array of 11 in MessagePack: without quality
    return b"\x99" + stored[1:-3]  # an array of 9: without terms, replacement and quality


def unpack_history(facts: bytes, count: int) -> History:
    """Decode `count` facts."""
    return _unpack(b"\xdd" + count.to_bytes(4, "big") + facts)  # as an array of that length in MessagePack


def insert(history: History, fact: Fact) -> bool:
    """Insert `fact` in order. Return False, without a change, if it is a duplicate.

    If two different facts have the same id, the greater one is kept, so any order of arrival gives the same history.
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
    """The part of a history that is known at an instant. next_fact_at: the instant of the first fact after that."""

    facts: History
    next_fact_at: Instant

    @classmethod
    def at(cls, history: History, now: Instant) -> Self:
        """Return the facts that happened by `now`, with the corrections that were made by `now`."""
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
    """Return the effective correction of each corrected id: the last one that is not itself corrected."""
    corrections = [fact for fact in reversed(past) if fact.type == FactType.CORRECTED]
    ids = {fact.id for fact in corrections}
    # Corrections of corrections come first: a sender whose clock is slow may correct a fact with a later timestamp.
    corrections.sort(key=lambda fact: fact.name not in ids)
    effective: dict[str, Fact] = {}
    for fact in corrections:
        if fact.id not in effective:
            effective.setdefault(fact.name, fact)
    return effective
