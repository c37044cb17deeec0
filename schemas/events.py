"""Canonical events: everything that `promise.events` may carry, one type a fact.

Each is a JSON object tagged by `type`. Unknown fields are ignored, so producers may add to theirs; unknown types are
rejected, so that nothing is lost in silence. The Kafka key of an event is its `case`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, get_args

from msgspec import Meta, Struct

from schemas.words import Origin, Party, Quality

Name = Annotated[str, Meta(min_length=1, max_length=256)]
Label = Annotated[str, Meta(max_length=256)]
Moment = Annotated[datetime, Meta(tz=True)]
Ordinal = Annotated[int, Meta(ge=1, le=1_000_000)]


class Staff(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A staff member: an id, never a name, and the part played."""

    id: Name
    role: Label | None = None


class Envelope(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", gc=False):
    """What every event of a case says.

    id: unique in its case; a second event with the same id is a duplicate.
    case: the root thing that the customer would name (order, booking, complaint); the Kafka key.
    subject: what it is about inside the case (a line, a parcel); empty is the case itself.
    occurred_at: when it happened; this decides verdicts.
    received_at: when it reached the first machine of ours; never decides a verdict.
    """

    id: Name
    case: Name
    occurred_at: Moment
    subject: Label = ""
    location: Label | None = None
    staff: Staff | None = None
    channel: Label | None = None
    segment: Label | None = None
    source: Label | None = None
    received_at: Moment | None = None


class PromiseTerms(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One promise: what is owed, by when.

    due: the latest instant. opens: the earliest, where the promise is a window.
    origin: how it was made. ordinal: which of several of one kind (instalment 1, 2, 3).
    """

    kind: Name
    due: Moment
    opens: Moment | None = None
    origin: Origin = "written"
    ordinal: Ordinal = 1


class PromisesMade(Envelope, frozen=True, kw_only=True, tag="promises_made"):
    """Promises given to a customer. An empty list says that the case began and nothing was promised."""

    promises: list[PromiseTerms] = []


class PromisesStated(Envelope, frozen=True, kw_only=True, tag="promises_stated"):
    """What a system of record says now is promised: a snapshot, which says no more when it is repeated.

    promises: one that was not known is made. One whose due or window differs from what was last stated, or from what
    it was made with where nothing was stated yet, is amended by us. One stated as before stays as it is, whatever was
    agreed elsewhere since. A promise that is left out stays as it is too.
    """

    promises: list[PromiseTerms] = []


class StepReached(Envelope, frozen=True, kw_only=True, tag="step_reached"):
    """A step of the work was reached. Policies name the steps that keep or start a promise; any others may come.

    quality: how its time is known. measured, or left out: someone or something noted it when it was reached.
    status_change: a status was set, maybe later. proxy: something else stands for it, such as the payment for the
    hand-over; a verdict that rests on it has the evidence assumed.
    """

    step: Name
    quality: Quality | None = None


class StepUndone(Envelope, frozen=True, kw_only=True, tag="step_undone"):
    """A step was taken back (recalled, unfulfilled): what it kept is open again, under the same due."""

    step: Name


class PromiseAmended(Envelope, frozen=True, kw_only=True, tag="promise_amended"):
    """A new due time for a promise, and who wanted it."""

    kind: Name
    due: Moment
    by: Party
    opens: Moment | None = None
    ordinal: Ordinal = 1


class PromiseWithdrawn(Envelope, frozen=True, kw_only=True, tag="promise_withdrawn"):
    """One promise was taken back, and by whom; the rest of the case goes on."""

    kind: Name
    by: Party
    ordinal: Ordinal = 1


class HoldStarted(Envelope, frozen=True, kw_only=True, tag="hold_started"):
    """Work stopped, why, and who caused it."""

    reason: Name
    caused_by: Party


class HoldEnded(Envelope, frozen=True, kw_only=True, tag="hold_ended"):
    """Work went on."""

    reason: Name


class Cancelled(Envelope, frozen=True, kw_only=True, tag="cancelled"):
    """The subject was cancelled, and by whom. With an empty subject: the whole case."""

    by: Party


class StaffAssigned(Envelope, frozen=True, kw_only=True, tag="staff_assigned"):
    """From now on the staff member of the envelope has it in hand."""


PlainEvent = (
    PromisesMade
    | PromisesStated
    | StepReached
    | StepUndone
    | PromiseAmended
    | PromiseWithdrawn
    | HoldStarted
    | HoldEnded
    | Cancelled
    | StaffAssigned
)
"""An event that says something of a case by itself."""


class Correction(Envelope, frozen=True, kw_only=True, tag="correction"):
    """An earlier event was wrong.

    corrects: the id of that event. occurred_at: when the correction was made; before that instant nobody knew.
    event: what should have been said, under the same id; null says that it never happened. Of several corrections of
    one event the last made stands.
    """

    corrects: Name
    event: PlainEvent | None = None


class Clock(Struct, frozen=True, kw_only=True, tag_field="type", tag="clock"):
    """A control record: `source` has been read up to `at`, as far as its partition `partition` goes."""

    source: Name
    at: Moment
    partition: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


CaseEvent = PlainEvent | Correction
Record = CaseEvent | Clock
"""Everything that a record of `promise.events` can be."""

TAGS: Final[dict[type[Struct], str]] = {kind: str(kind.__struct_config__.tag) for kind in get_args(Record)}
"""The `type` of each record, by its class."""
