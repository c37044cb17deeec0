"""Facts: the compact form of canonical events, with only the fields that judging needs.

Facts are compared by all their fields, so a set of facts has one order, independent of the order of arrival.
"""

from __future__ import annotations

from enum import IntEnum

from msgspec import Struct

from schemas.instants import Instant
from schemas.words import Origin


class FactType(IntEnum):
    """The type of a fact. The numbers are stored and order the facts of one instant, so never change one."""

    STATED = -1  # first of its instant: the same snapshot may amend or withdraw the promises that it states
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


class Terms(Struct, order=True, frozen=True, array_like=True, gc=False):
    """A promise as a fact states it. `opens` is 0 if the promise has no earliest instant."""

    kind: str
    ordinal: int
    opens: Instant
    due: Instant
    origin: Origin


class Fact(Struct, order=True, frozen=True, array_like=True, gc=False):
    """One thing that happened to a case. Facts are stored by position: append fields, never move them.

    name: the step, the party, the reason of a hold or the id of the corrected fact, depending on `type`.
    terms: the promises that the fact makes, states, amends or withdraws.
    replacement: for a correction, the fact that replaces the corrected one; empty if that never happened.
    quality: for a step, the index in QUALITIES of how its time is known.
    An empty string means that the event did not name it.
    """

    at: Instant
    type: FactType
    id: str
    subject: str = ""
    name: str = ""
    staff: str = ""
    location: str = ""
    channel: str = ""
    segment: str = ""
    terms: tuple[Terms, ...] = ()
    replacement: tuple[Fact, ...] = ()
    quality: int = 0
