"""Events as people read them: one line each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from schemas.events import CaseEvent, Clock, PromisesMade, PromisesStated, PromiseTerms, Record
from streams.adapters.feed_records import AdaptedRecord
from streams.adapters.times import to_rfc3339

HEADINGS: Final = ("occurred at", "case", "subject", "what", "location", "staff")


def as_text(adapted: AdaptedRecord) -> str:
    """All that a record became, as lines: a table of its events, what has to be fetched, or who ignored it."""
    lines = _table(adapted.events) if adapted.events else []
    lines += [f"to be fetched: {thin.kind} {thin.ref}" for thin in adapted.thin]
    lines += [f"ignored, by rule {adapted.ignored!r}"] if adapted.ignored else []
    return "".join(f"{line}\n" for line in lines)


def _table(events: Iterable[Record]) -> list[str]:
    cells = [HEADINGS, *map(_row, events)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADINGS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def _row(event: Record) -> tuple[str, ...]:
    if isinstance(event, Clock):
        return to_rfc3339(event.at), "", "", f"clock of {event.source}", "", ""
    staff = event.staff
    who = " ".join(part for part in (staff.id, staff.role) if part) if staff else ""
    return to_rfc3339(event.occurred_at), event.case, event.subject, what(event), event.location or "", who


def what(event: CaseEvent) -> str:
    """What an event says, in a few words."""
    if isinstance(event, PromisesMade | PromisesStated):
        return f"{_tag(event)}: {', '.join(map(_terms, event.promises)) or 'nothing'}"
    words = [getattr(event, word, None) for word in ("step", "kind", "by", "reason", "corrects", "quality")]
    due = getattr(event, "due", None)
    said = [_tag(event), *(str(word) for word in words if word), *([f"by {to_rfc3339(due)}"] if due else [])]
    return " ".join(said)


def _tag(event: CaseEvent) -> str:
    return str(event.__struct_config__.tag)


def _terms(terms: PromiseTerms) -> str:
    number = f" {terms.ordinal}" if terms.ordinal > 1 else ""
    return f"{terms.kind}{number} {_window(terms.opens, terms.due)}"


def _window(opens: datetime | None, due: datetime) -> str:
    return f"{to_rfc3339(opens)} to {to_rfc3339(due)}" if opens else f"by {to_rfc3339(due)}"
