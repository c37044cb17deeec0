"""Manual events, such as a promise spoken at the counter: the documents that are posted, and their events. Pure."""

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
"""The source of manual events."""


class ManualEvent(msgspec.Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The fields of every manual event. case: the order or booking. occurred_at: now, if it is left out.
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
    """A step was reached; without `step`, the one named like `kind`. undone: it was undone instead."""

    step: Name | None = None
    kind: Name | None = None
    undone: bool = False


class ManualAmendment(ManualEvent, kw_only=True, omit_defaults=True):
    """A promise has a new due time. by: who asked for it, `us` or `customer`."""

    kind: Name
    by: Party
    due: Moment | None = None
    within: str | None = None
    opens: Moment | None = None
    ordinal: Ordinal = 1


class ManualWithdrawal(ManualEvent, kw_only=True, omit_defaults=True):
    """One promise was withdrawn. by: `us` or `customer`."""

    kind: Name
    by: Party
    ordinal: Ordinal = 1


class ManualCancellation(ManualEvent, kw_only=True, omit_defaults=True):
    """The case, or its subject, was cancelled. by: `us` or `customer`."""

    by: Party


Fields = dict[str, Any]


def event_of(kind: type[ManualEvent], body: bytes, event_id: str, now: Instant) -> Record:
    """Return the event of a posted document of type `kind`, with that id. Raises Refused."""
    try:
        manual = msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise refusal(error) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Refused("not_json", str(error)) from None
    at = _instant("occurred_at", manual.occurred_at) if manual.occurred_at else now
    envelope = {"id": event_id, "source": SOURCE, "occurred_at": format_instant(at), "received_at": format_instant(now)}
    return event_from_fields(_envelope(manual) | envelope | _FIELDS[kind](manual, at))


def _envelope(manual: ManualEvent) -> Fields:
    staff = {"id": manual.staff} if isinstance(manual.staff, str) else manual.staff
    fields = {"location": manual.location, "staff": staff, "channel": manual.channel, "segment": manual.segment}
    return {"case": manual.case, "subject": manual.subject} | _without_none(fields)


def _without_none(fields: Mapping[str, Any]) -> Fields:
    return {name: value for name, value in fields.items() if value is not None}


def _promise(manual: ManualPromise, at: Instant) -> Fields:
    terms = _terms(manual, at) | {"origin": manual.origin}
    return {"type": "promises_made", "promises": [terms]}


def _amendment(manual: ManualAmendment, at: Instant) -> Fields:
    return {"type": "promise_amended", "by": manual.by} | _terms(manual, at)


def _terms(manual: ManualPromise | ManualAmendment, at: Instant) -> Fields:
    opens = {"opens": format_instant(_instant("opens", manual.opens))} if manual.opens else {}
    return {"kind": manual.kind, "due": format_instant(_due(manual, at)), "ordinal": manual.ordinal} | opens


def _due(manual: ManualPromise | ManualAmendment, at: Instant) -> Instant:
    if (manual.due is None) == (manual.within is None):
        raise Refused("bad_value", "write either due, an instant, or within, a length of time such as 20m")
    due = _instant("due", manual.due) if manual.due else at + _length(manual.within)
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


def _fulfilment(manual: ManualFulfilment, _: Instant) -> Fields:
    if (step := manual.step or manual.kind) is None:
        raise Refused("bad_value", "write the step that was reached, or the kind of promise that it keeps")
    return {"type": "step_undone" if manual.undone else "step_reached", "step": step}


def _withdrawal(manual: ManualWithdrawal, _: Instant) -> Fields:
    return {"type": "promise_withdrawn", "kind": manual.kind, "by": manual.by, "ordinal": manual.ordinal}


def _cancellation(manual: ManualCancellation, _: Instant) -> Fields:
    return {"type": "cancelled", "by": manual.by}


_FIELDS: Final[dict[type[ManualEvent], Callable[[Any, Instant], Fields]]] = {
    ManualPromise: _promise,
    ManualFulfilment: _fulfilment,
    ManualAmendment: _amendment,
    ManualWithdrawal: _withdrawal,
    ManualCancellation: _cancellation,
}

MANUAL_EVENTS: Final[Mapping[str, type[ManualEvent]]] = {
    "promises": ManualPromise,
    "fulfilments": ManualFulfilment,
    "amendments": ManualAmendment,
    "withdrawals": ManualWithdrawal,
    "cancellations": ManualCancellation,
}
"""The types of manual events, by the name of their path."""
