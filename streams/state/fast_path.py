"""The fast path for a fact that cannot change the state of its case: it is appended to the stored bytes, of which only
the head is read. Most steps of a business are of that kind.

The result must equal that of `judge`: judging with and without such a fact is the same (tests/state/test_any_step.py).
"""

from __future__ import annotations

from typing import Final

from schemas.instants import Instant
from streams.judging.facts import Fact, FactType
from streams.judging.history import pack, pack_fact
from streams.judging.policy import Policies
from streams.state.case_codec import CHANNEL, CORRECTED, HEAD_SIZE, LOCATION, SEGMENT, VERSION, read_head, write_head

_REACHED: Final = FactType.REACHED


def try_append(stored: bytes, fact: Fact, policies: Policies, now: Instant) -> bytes | None:
    """Return the stored case with the fact appended; None if the fact may change its state.

    It cannot if it is a step that no policy names, with a new id, later than all other facts but not after `now`, that
    has no new attribute or assignment; and if the case has no due timer, no fact after `now` and no correction.
    """
    if fact.type is not _REACHED or fact.name in policies.steps or stored[0] != VERSION:
        return None
    _, flags, wake_at, next_fact_at, last_at, last_due, count, assignment_size, body_size = read_head(stored)
    if not last_at < fact.at <= now < wake_at or flags & CORRECTED:  # so no fact lies after `now`
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
