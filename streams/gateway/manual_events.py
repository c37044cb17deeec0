"""Promises that are in no feed, such as one spoken at the counter: from what people's programs post to events. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from schemas.events import Label, Moment, Name, Ordinal, Record, Staff
from schemas.instants import Instant, format_instant, from_datetime
from schemas.reading import Refused, event_from_fields, refusal
from schemas.words import Origin, Party
from streams.config.toml import parse_duration

SOURCE: Final = "gateway"
"""The source of events that were posted."""


class ManualEvent(msgspec.Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What everything that is posted says. case: the order or booking. occurred_at: now, where it is left out.
    staff: an id, or an id and a role."""

    case: Name
    occurred_at: Moment | None = None
    subject: Label = ""
    location: Label | None = None
    staff: Name | Staff | None = None
    channel: Label | None = None
    segment: Label | None = None


class ManualPromise(ManualEvent, kw_only=True, omit_defaults=True):
    """A promise to a customer: `due` at an instant, or `within` a length of time such as 20m."""

    kind: Name
    due: Moment | None = None
    within: str | None = None
    opens: Moment | None = None
    origin: Origin = "spoken"
    ordinal: Ordinal = 1


class ManualFulfilment(ManualEvent, kw_only=True, omit_defaults=True):
    """A step was reached; without `step` the one of the name of `kind`. undone: it was taken back."""

    step: Name | None = None
    kind: Name | None = None
    undone: bool = False


class ManualAmendment(ManualEvent, kw_only=True, omit_defaults=True):
    """Another due time, and who wanted it: `us` or `customer`."""

    kind: Name
    by: Party
    due: Moment | None = None
    within: str | None = None
    opens: Moment | None = None
    ordinal: Ordinal = 1


class ManualWithdrawal(ManualEvent, kw_only=True, omit_defaults=True):
    """One promise was taken back, and by whom."""

    kind: Name
    by: Party
    ordinal: Ordinal = 1


class ManualCancellation(ManualEvent, kw_only=True, omit_defaults=True):
    """The case, or its subject, was cancelled, and by whom."""

    by: Party


Fields = dict[str, Any]


def event_of(kind: type[ManualEvent], body: bytes, event_id: str, now: Instant) -> Record:
    """The event that a posted `kind` says, under that id. Raises Refused."""
    try:
        said = msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise refusal(error) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Refused("not_json", str(error)) from None
    at = _instant("occurred_at", said.occurred_at) if said.occurred_at else now
    envelope = {"id": event_id, "source": SOURCE, "occurred_at": format_instant(at), "received_at": format_instant(now)}
    return event_from_fields(_envelope(said) | envelope | _FIELDS[kind](said, at))


def _envelope(said: ManualEvent) -> Fields:
    staff = {"id": said.staff} if isinstance(said.staff, str) else said.staff
    told = {"location": said.location, "staff": staff, "channel": said.channel, "segment": said.segment}
    return {"case": said.case, "subject": said.subject} | _without_nothing(told)


def _without_nothing(fields: Mapping[str, Any]) -> Fields:
    return {name: value for name, value in fields.items() if value is not None}


def _promise(said: ManualPromise, at: Instant) -> Fields:
    terms = _terms(said, at) | {"origin": said.origin}
    return {"type": "promises_made", "promises": [terms]}


def _amendment(said: ManualAmendment, at: Instant) -> Fields:
    return {"type": "promise_amended", "by": said.by} | _terms(said, at)


def _terms(said: ManualPromise | ManualAmendment, at: Instant) -> Fields:
    opens = {"opens": format_instant(_instant("opens", said.opens))} if said.opens else {}
    return {"kind": said.kind, "due": format_instant(_due(said, at)), "ordinal": said.ordinal} | opens


def _due(said: ManualPromise | ManualAmendment, at: Instant) -> Instant:
    if (said.due is None) == (said.within is None):
        raise Refused("bad_value", "write either due, an instant, or within, a length of time such as 20m")
    due = _instant("due", said.due) if said.due else at + _length(said.within)
    if due < at:
        raise Refused("due_before_made", f"due {format_instant(due)} lies before occurred_at {format_instant(at)}")
    return due


def _length(within: str | None) -> int:
    try:
        return parse_duration(within)
    except ValueError as error:
        raise Refused("bad_value", f"within = {within!r}: {error}") from None


def _instant(name: str, moment: datetime) -> Instant:
    try:
        return from_datetime(moment)
    except ValueError as error:
        raise Refused("bad_time", f"{name}: {error}") from None


def _fulfilment(said: ManualFulfilment, _: Instant) -> Fields:
    if (step := said.step or said.kind) is None:
        raise Refused("bad_value", "write the step that was reached, or the kind of promise that it keeps")
    return {"type": "step_undone" if said.undone else "step_reached", "step": step}


def _withdrawal(said: ManualWithdrawal, _: Instant) -> Fields:
    return {"type": "promise_withdrawn", "kind": said.kind, "by": said.by, "ordinal": said.ordinal}


def _cancellation(said: ManualCancellation, _: Instant) -> Fields:
    return {"type": "cancelled", "by": said.by}


_FIELDS: Final[dict[type[ManualEvent], Callable[[Any, Instant], Fields]]] = {
    ManualPromise: _promise,
    ManualFulfilment: _fulfilment,
    ManualAmendment: _amendment,
    ManualWithdrawal: _withdrawal,
    ManualCancellation: _cancellation,
}

SPOKEN: Final[Mapping[str, type[ManualEvent]]] = {
    "promises": ManualPromise,
    "fulfilments": ManualFulfilment,
    "amendments": ManualAmendment,
    "withdrawals": ManualWithdrawal,
    "cancellations": ManualCancellation,
}
"""What may be posted, by the name of its path."""
