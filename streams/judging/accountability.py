"""Who answers for a promise: the staff member who had it in hand when it was decided."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.instants import Instant
from streams.judging.case import Hand


def in_hand(hands: Iterable[Hand], subject: str, at: Instant) -> str:
    """The staff member who last took `subject`, or the case as a whole, in hand by `at`.

    If nobody had yet, the first one who did later; empty if nobody ever did.
    """
    found = ""
    for hand in hands:
        if hand.subject and hand.subject != subject:
            continue
        if hand.at > at:
            return found or hand.staff
        found = hand.staff
    return found
