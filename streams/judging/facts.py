"""Facts: the compact form of canonical events, only what judging needs.

All fields of a fact are ordered, so any set of facts has one order, whatever order they arrived in.
"""

from __future__ import annotations

from enum import IntEnum

from schemas.instants import Instant
from schemas.values import Value
from schemas.words import Origin


class FactType(IntEnum):
    """What a fact says. The numbers are stored, and break ties between facts of one instant: never change one."""

    STATED = -1  # first of its instant: what a snapshot states may be amended or withdrawn by the same snapshot
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


class Terms(Value, order=True, frozen=True):
    """A promise as a fact states it. `opens` is 0 where the promise has no earliest instant."""

    kind: str
    ordinal: int
    opens: Instant
    due: Instant
    origin: Origin


class Fact(Value, order=True, frozen=True):
    """One thing that happened to a case. Stored: fields are appended, never moved.

    name: the step, the party, the reason of a hold or the id of the corrected fact, as `what` requires.
    instead: of a correction, the fact that takes the place of the corrected one; None if there was none.
    quality: of a step, how its time is known: the place in QUALITIES.
    Empty text means that nothing was said.
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
