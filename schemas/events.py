"""Canonical events: the records of `promise.events`, one type for each kind of fact.

Each is a JSON object tagged by `type`. Unknown fields are ignored, so that producers may add their own. Unknown types
are rejected, so that no event is dropped silently. The Kafka key of an event is its `case`.
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
    """A staff member: an id, never a name, and a role."""

    id: Name
    role: Label | None = None


class Envelope(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", gc=False):
    """The fields of every event of a case.

    id: unique in its case; a second event with the same id is a duplicate.
    case: the thing that the customer would name (order, booking, complaint); the Kafka key.
    subject: the part of the case that it is about (a line, a parcel); empty for the case itself.
    occurred_at: when it happened; this decides verdicts.
    received_at: when our systems received it; it never decides a verdict.
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
    """One promise: its kind and its due.

    due: the latest instant. opens: the earliest instant, if the promise is a window.
    origin: how it was made. ordinal: the number among several promises of one kind (instalment 1, 2, 3).
    """

    kind: Name
    due: Moment
    opens: Moment | None = None
    origin: Origin = "written"
    ordinal: Ordinal = 1


class PromisesMade(Envelope, frozen=True, kw_only=True, tag="promises_made"):
    """Promises given to a customer. An empty list means that the case began without a promise."""

    promises: list[PromiseTerms] = []


class PromisesStated(Envelope, frozen=True, kw_only=True, tag="promises_stated"):
    """A snapshot of the promises in a system of record. Repeating it changes nothing.

    promises: an unknown promise is made. A promise whose due or window differs from the last statement, or without one
    from how it was made, is amended by us. A promise that is stated as before, or left out, stays as it is, whatever
    was agreed elsewhere since.
    """

    promises: list[PromiseTerms] = []


class StepReached(Envelope, frozen=True, kw_only=True, tag="step_reached"):
    """A step of the work was reached. Policies name the steps that keep or start a promise; others are stored.

    quality: how its time is known. measured, the default: it was recorded when the step was reached.
    status_change: a status was set, maybe later. proxy: another event stands for it, such as the payment for the
    hand-over; a verdict that depends on it has the evidence assumed.
    """

    step: Name
    quality: Quality | None = None


class StepUndone(Envelope, frozen=True, kw_only=True, tag="step_undone"):
    """A step was undone (recalled, unfulfilled): the promises that it kept are open again, with the same due."""

    step: Name


class PromiseAmended(Envelope, frozen=True, kw_only=True, tag="promise_amended"):
    """A new due for a promise, and who asked for it."""

    kind: Name
    due: Moment
    by: Party
    opens: Moment | None = None
    ordinal: Ordinal = 1


class PromiseWithdrawn(Envelope, frozen=True, kw_only=True, tag="promise_withdrawn"):
    """One promise was withdrawn, and by whom; the rest of the case goes on."""

    kind: Name
    by: Party
    ordinal: Ordinal = 1


class HoldStarted(Envelope, frozen=True, kw_only=True, tag="hold_started"):
    """Work stopped; with the reason, and who caused it."""

    reason: Name
    caused_by: Party


class HoldEnded(Envelope, frozen=True, kw_only=True, tag="hold_ended"):
    """Work resumed."""

    reason: Name


class Cancelled(Envelope, frozen=True, kw_only=True, tag="cancelled"):
    """The subject was cancelled, and by whom; an empty subject is the whole case."""

    by: Party


class StaffAssigned(Envelope, frozen=True, kw_only=True, tag="staff_assigned"):
    """From now on the staff member of the event is in charge of the subject."""


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
"""Any event of a case but a correction."""


class Correction(Envelope, frozen=True, kw_only=True, tag="correction"):
    """An earlier event was wrong.

    corrects: the id of that event. occurred_at: when the correction was made; it has no effect before that instant.
    event: the right event, under the same id; null means that it never happened. Of several corrections of one event
    the last one counts.
    """

    corrects: Name
    event: PlainEvent | None = None


class Clock(Struct, frozen=True, kw_only=True, tag_field="type", tag="clock"):
    """A control record: partition `partition` of `source` has been read up to `at`."""

    source: Name
    at: Moment
    partition: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


CaseEvent = PlainEvent | Correction
Record = CaseEvent | Clock
"""Any record of `promise.events`."""

TAGS: Final[dict[type[Struct], str]] = {kind: str(kind.__struct_config__.tag) for kind in get_args(Record)}
"""The `type` of each record, by its class."""
