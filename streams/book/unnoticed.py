"""The short way for a fact that leaves a case as it stands: it is appended to the stored bytes, of which only the head
is read. Most steps of a business are of that kind.

There is one truth, `judge`. This module may only say what follows from it: where a fact goes unnoticed, judging with
it and without it agree (tests/book/test_unnoticed.py).
"""

from __future__ import annotations

from schemas.instants import NEVER, Instant
from schemas.values import pack
from streams.book.codec import (
    CHANNEL,
    CORRECTED,
    HEAD,
    LOCATION,
    SEGMENT,
    VERSION,
    in_hand,
    read_head,
    write_head,
)
from streams.judging.facts import Fact, What
from streams.judging.policy import Policies


def appended(stored: bytes, fact: Fact, policies: Policies, now: Instant) -> bytes | None:
    """The stored case with one fact more, which nobody notices. None: nothing is known of that; take the long way.

    Unnoticed goes a step that no policy reads, that is new and later than all before it, where nothing falls due or
    lies ahead, and that says nothing new of the case as a whole.
    """
    if fact.what is not What.REACHED or fact.name in policies.steps or stored[0] != VERSION:
        return None
    _, flags, wake_at, more_at, last_at, count, hand, body = read_head(stored)
    if not last_at < fact.at <= now < wake_at or more_at != NEVER or flags & CORRECTED:
        return None
    if _names_more(fact, flags) or (fact.staff and not stored.startswith(in_hand(fact.subject, fact.staff), HEAD.size)):
        return None
    if stored.find(pack(fact.id), HEAD.size + hand + body) >= 0:
        return None
    head: bytes = write_head(VERSION, flags, wake_at, NEVER, fact.at, count + 1, hand, body)
    return head + stored[HEAD.size :] + pack(fact)


def _names_more(fact: Fact, flags: int) -> bool:
    """Whether a fact names an attribute that the case lacked."""
    return bool(
        (fact.location and not flags & LOCATION)
        or (fact.channel and not flags & CHANNEL)
        or (fact.segment and not flags & SEGMENT)
    )
