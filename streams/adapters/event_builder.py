"""Builds canonical events, with their ids, from the fields that an adapter read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from schemas.events import TAGS, Record
from schemas.instants import ImplausibleInstant, from_datetime
from schemas.reading import Refused, event_from_fields

TYPES: Final = frozenset(TAGS.values()) - {"clock"}
"""The types of event that a rule may build. Clock records come from the process that reads a feed."""

FIELDS: Final = {tag: frozenset(kind.__struct_fields__) for kind, tag in TAGS.items() if tag in TYPES}
COMMON: Final = frozenset.intersection(*FIELDS.values())

_MAX_ID_LENGTH: Final = 256
_ID_FIELDS: Final = ("step", "kind", "by", "reason", "corrects")


def event(type: str, fields: dict[str, Any]) -> Record:
    """Return the event of a type with `fields`. Without an `id` it gets one from its content. Raises Refused."""
    fields["type"] = type
    if "id" not in fields:
        fields["id"] = id_of(fields)
    return event_from_fields(fields)


def id_of(fields: dict[str, Any]) -> str:
    """Return an id made from the content of an event: equal facts have equal ids, different facts different ones.

    Details that a vendor may add later, such as the staff member, are not part of the id.
    """
    text = "/".join(_id_parts(fields))
    return text if len(text) <= _MAX_ID_LENGTH else sha256(text.encode("utf-8", "replace")).hexdigest()


def _id_parts(fields: dict[str, Any]) -> Iterator[str]:
    if fields.get("subject"):
        yield str(fields["subject"])
    yield fields["type"]
    yield from (str(fields[name]) for name in _ID_FIELDS if name in fields)
    if "ordinal" in fields:
        yield str(fields["ordinal"])
    if fields["type"] == "staff_assigned" and isinstance(fields.get("staff"), dict):
        yield str(fields["staff"].get("id"))
    yield _milliseconds(fields.get("occurred_at"))
    if "due" in fields:
        yield _window(fields)
    promises = fields.get("promises")
    yield from map(_promise, promises if isinstance(promises, list) else ())


def _promise(promise: Any) -> str:
    if not isinstance(promise, dict):
        return str(promise)
    return f"{promise.get('kind')}.{promise.get('ordinal', 1)}@{_window(promise)}"


def _window(terms: dict[str, Any]) -> str:
    due = _milliseconds(terms.get("due"))
    return f"{_milliseconds(terms['opens'])}-{due}" if "opens" in terms else due


def _milliseconds(moment: Any) -> str:
    """Return a time in milliseconds, as it is stored. A value that is not a time stays; `convert` refuses it."""
    try:
        return str(from_datetime(moment)) if isinstance(moment, datetime) else str(moment)
    except (ImplausibleInstant, TypeError):
        return str(moment)


def deduplicated(events: list[Record]) -> tuple[Record, ...]:
    """Return the events of one record, equal ones once. Raises Refused if two different events have the same id."""
    if len(events) < 2:
        return tuple(events)
    unique: dict[tuple[Any, Any], Record] = {}
    for event in events:
        key = getattr(event, "case", None), getattr(event, "id", None)
        if unique.setdefault(key, event) != event:
            raise Refused("bad_value", f"two different events of one record have the id {key[1]!r}: say `id`")
    return tuple(unique.values())
