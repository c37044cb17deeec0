"""The short way for a fact that leaves a case as it stands: it is appended to the stored bytes, of which only the head
is read. Most steps of a business are of that kind.

There is one truth, `judge`. This module may only say what follows from it: where a fact goes unnoticed, judging with
it and without it agree (tests/state/test_any_step.py).
"""

from __future__ import annotations

from typing import Final

from schemas.instants import Instant
from schemas.values import pack
from streams.judging.facts import Fact, FactType
from streams.judging.history import pack_fact
from streams.judging.policy import Policies
from streams.state.case_codec import CHANNEL, CORRECTED, HEAD_SIZE, LOCATION, SEGMENT, VERSION, read_head, write_head

_REACHED: Final = FactType.REACHED


def try_append(stored: bytes, fact: Fact, policies: Policies, now: Instant) -> bytes | None:
    """The stored case with one fact more, which nobody notices. None: nothing is known of that; take the long way.

    Unnoticed goes a step that no policy reads, that is new and later than all before it, where nothing falls due or
    lies ahead, and that says nothing new of the case as a whole.
    """
    if fact.type is not _REACHED or fact.name in policies.steps or stored[0] != VERSION:
        return None
    _, flags, wake_at, next_fact_at, last_at, last_due, count, assignment_size, body_size = read_head(stored)
    if not last_at < fact.at <= now < wake_at or flags & CORRECTED:  # so nothing lies ahead either
        return None
    if (
        (fact.location and not flags & LOCATION)
        or (fact.channel and not flags & CHANNEL)
        or (fact.segment and not flags & SEGMENT)
        or (fact.staff and not stored.startswith(pack((fact.subject, fact.staff)), HEAD_SIZE))
        or stored.find(pack(fact.id), HEAD_SIZE + assignment_size + body_size) >= 0
    ):
        return None
    head: bytes = write_head(
        VERSION, flags, wake_at, next_fact_at, fact.at, last_due, count + 1, assignment_size, body_size
    )
    return b"".join((head, stored[HEAD_SIZE:], pack_fact(fact)))
