"""A record of promise.events in one line: when it happened, which case, and what it says. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from rich.text import Text

from schemas.events import (
    TAGS,
    Cancelled,
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
from streams.cli.terminal_text import harmless

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


def line(record: Record) -> Text:
    """An event, or a clock record, as one line: time, case, type, what, location, staff, source."""
    kind = TAGS[type(record)]
    if isinstance(record, Clock):
        said = f"{record.source} is read up to {_time(record.at)}, its partition {record.partition}"
        return Text.assemble((_time(record.at), "dim"), "  ", (kind, "dim"), "  ", (harmless(said), "dim"))
    subject = f" {record.subject}" if record.subject else ""
    staff = f"{record.staff.id} ({record.staff.role})" if record.staff and record.staff.role else None
    where = {"at": record.location, "by": staff or (record.staff and record.staff.id), "from": record.source}
    text = Text.assemble((_time(record.occurred_at), "dim"), "  ", (harmless(record.case + subject), "bold"), "  ")
    text.append(kind, _STYLES.get(kind, "")).append(f"  {harmless(what(record))}".rstrip())
    for name, value in where.items():
        if value:
            text.append(f"  {name} ", "dim").append(harmless(value))
    return text


def refused_line(refused: Refused, key: str, place: str) -> Text:
    """A record that is no event: its case by its key, and why."""
    return Text.assemble(
        (place, "dim"), "  ", (harmless(key), "bold"), "  ", ("refused", "bold red"), "  ", harmless(str(refused))
    )


def what(event: PlainEvent | Correction) -> str:
    """What the event says beside its type, such as `ready by 2026-03-06T12:40:00Z`."""
    match event:
        case PromisesMade() | PromisesStated():
            return ", ".join(map(_terms, event.promises)) or "nothing"
        case StepReached():
            return event.step if event.quality is None else f"{event.step} ({event.quality})"
        case StepUndone():
            return event.step
        case PromiseAmended():
            return f"{_named(event)} now {_due(event.opens, event.due)}, {event.by} wanted it"
        case PromiseWithdrawn():
            return f"{_named(event)}, {event.by} wanted it"
        case HoldStarted():
            return f"{event.reason}, by {event.caused_by}"
        case HoldEnded():
            return event.reason
        case Cancelled():
            return f"by {event.by}"
        case StaffAssigned():
            return ""
        case Correction():
            said = "never happened" if event.event is None else _corrected(event.event)
            return f"{event.corrects}: {said}"


def _corrected(event: PlainEvent) -> str:
    return f"is {TAGS[type(event)]} {what(event)}".rstrip() + f" at {_time(event.occurred_at)}"


def _terms(terms: PromiseTerms) -> str:
    origin = f" ({terms.origin})" if terms.origin != "written" else ""
    return f"{_named(terms)} {_due(terms.opens, terms.due)}{origin}"


def _named(promise: PromiseTerms | PromiseAmended | PromiseWithdrawn) -> str:
    return promise.kind if promise.ordinal == 1 else f"{promise.kind} {promise.ordinal}"


def _due(opens: datetime | None, due: datetime) -> str:
    return f"by {_time(due)}" if opens is None else f"from {_time(opens)} to {_time(due)}"


def _time(at: datetime) -> str:
    """To the second, UTC, such as 2026-03-06T12:40:00Z: what a terminal has room for."""
    try:
        return f"{at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"
    except OverflowError:  # the first or last day that can be written, in a zone
        return str(at)
