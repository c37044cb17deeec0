"""Canonical events as text for people: one line per event, or a table of the events that an adapter made. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from rich.text import Text

from schemas.events import (
    TAGS,
    Cancelled,
    CaseEvent,
    Clock,
    Correction,
    HoldEnded,
    HoldStarted,
    PlainEvent,
    PromiseAmended,
    PromisesMade,
    PromisesStated,
    PromiseTerms,
    PromiseWithdrawn,
    Record,
    StaffAssigned,
    StepReached,
    StepUndone,
)
from schemas.reading import Refused
from streams.adapters.feed_records import AdaptedRecord
from streams.adapters.times import to_rfc3339
from streams.cli.output import columns
from streams.text import printable

_HEADINGS: Final = ("occurred at", "case", "subject", "event", "location", "staff")

_STYLES: Final = {
    "promises_made": "cyan",
    "promises_stated": "cyan",
    "step_reached": "green",
    "step_undone": "yellow",
    "promise_amended": "magenta",
    "promise_withdrawn": "magenta",
    "hold_started": "yellow",
    "hold_ended": "yellow",
    "cancelled": "red",
    "correction": "yellow",
}


def event_line(record: Record) -> Text:
    """Return an event as one styled line: time, case, type, details, location, staff and source."""
    tag = TAGS[type(record)]
    if isinstance(record, Clock):
        progress = f"{record.source}, partition {record.partition}, is read up to {_time(record.at)}"
        return Text.assemble((_time(record.at), "dim"), "  ", (tag, "dim"), "  ", (printable(progress), "dim"))
    subject = f" {record.subject}" if record.subject else ""
    text = Text.assemble((_time(record.occurred_at), "dim"), "  ", (printable(record.case + subject), "bold"), "  ")
    text.append(tag, _STYLES.get(tag, "")).append(f"  {printable(event_details(record))}".rstrip())
    for label, value in (("at", record.location), ("by", _staff(record)), ("from", record.source)):
        if value:
            text.append(f"  {label} ", "dim").append(printable(value))
    return text


def refused_line(refused: Refused, key: str, position: str) -> Text:
    """Return a record that is no event as one styled line: position, key and reason."""
    return Text.assemble(
        (position, "dim"), "  ", (printable(key), "bold"), "  ", ("refused", "bold red"), "  ", printable(str(refused))
    )


def adapted_text(adapted: AdaptedRecord) -> str:
    """Return all that an adapter made of a record: a table of events, orders to fetch, or the rule that ignored it."""
    events = columns([_HEADINGS, *map(_row, adapted.events)], empty="") if adapted.events else ""
    return events + "".join(f"{line}\n" for line in _other_lines(adapted))


def _other_lines(adapted: AdaptedRecord) -> Iterator[str]:
    for thin in adapted.thin:
        yield f"to be fetched: {thin.kind} {thin.ref}"
    if adapted.ignored:
        yield f"ignored, by rule {adapted.ignored!r}"


def _row(event: Record) -> tuple[str, ...]:
    if isinstance(event, Clock):
        return to_rfc3339(event.at), "", "", f"clock of {event.source}", "", ""
    staff = event.staff
    member = " ".join(part for part in (staff.id, staff.role) if part) if staff else ""
    return to_rfc3339(event.occurred_at), event.case, event.subject, event_text(event), event.location or "", member


def event_text(event: CaseEvent) -> str:
    """Return type and details of an event, such as `step_reached ready` or `promises_made: ready by ...`."""
    separator = ": " if isinstance(event, PromisesMade | PromisesStated) else " "
    return f"{TAGS[type(event)]}{separator}{event_details(event)}".rstrip()


def event_details(event: PlainEvent | Correction) -> str:
    """Return what an event says beside its type, such as `ready by 2026-03-06T12:40:00Z`."""
    match event:
        case PromisesMade() | PromisesStated():
            return _all_terms(event.promises)
        case StepReached():
            return event.step if event.quality is None else f"{event.step} ({event.quality})"
        case StepUndone():
            return event.step
        case PromiseAmended():
            return f"{_promise(event)} now {_due(event.opens, event.due)}, {event.by} wanted it"
        case PromiseWithdrawn():
            return f"{_promise(event)}, {event.by} wanted it"
        case HoldStarted():
            return f"{event.reason}, by {event.caused_by}"
        case HoldEnded():
            return event.reason
        case Cancelled():
            return f"by {event.by}"
        case StaffAssigned():
            return ""
        case Correction():
            return f"{event.corrects}: {'never happened' if event.event is None else _correction(event.event)}"


def _correction(event: PlainEvent) -> str:
    return f"is {TAGS[type(event)]} {event_details(event)}".rstrip() + f" at {_time(event.occurred_at)}"


def _staff(event: CaseEvent) -> str | None:
    if event.staff is None:
        return None
    return f"{event.staff.id} ({event.staff.role})" if event.staff.role else event.staff.id


def _all_terms(promises: Iterable[PromiseTerms]) -> str:
    return ", ".join(map(_terms, promises)) or "nothing"


def _terms(terms: PromiseTerms) -> str:
    origin = f" ({terms.origin})" if terms.origin != "written" else ""
    return f"{_promise(terms)} {_due(terms.opens, terms.due)}{origin}"


def _promise(promise: PromiseTerms | PromiseAmended | PromiseWithdrawn) -> str:
    return promise.kind if promise.ordinal == 1 else f"{promise.kind} {promise.ordinal}"


def _due(opens: datetime | None, due: datetime) -> str:
    return f"by {_time(due)}" if opens is None else f"from {_time(opens)} to {_time(due)}"


def _time(at: datetime) -> str:
    """Return `at` in UTC to the second, such as 2026-03-06T12:40:00Z."""
    try:
        return f"{at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"
    except OverflowError:  # the first or last representable day, in another time zone
        return str(at)
