"""From the fields that an adapter found to a canonical event under an id."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from schemas.events import TAGS, Record
from schemas.instants import ImplausibleInstant, from_datetime
from schemas.reading import Refused, event_from_fields

TYPES: Final = frozenset(TAGS.values()) - {"clock"}
"""The types of event that a rule may make. Clock records are made by whoever stands between a feed and its topic."""

FIELDS: Final = {tag: frozenset(kind.__struct_fields__) for kind, tag in TAGS.items() if tag in TYPES}
COMMON: Final = frozenset.intersection(*FIELDS.values())

_LONGEST: Final = 256
_WORDS: Final = ("step", "kind", "by", "reason", "corrects")


def event(type: str, fields: dict[str, Any]) -> Record:
    """The event of that type with those fields; without an `id` under the one of what it says. Raises Refused."""
    fields["type"] = type
    if "id" not in fields:
        fields["id"] = id_of(fields)
    return event_from_fields(fields)


def id_of(fields: dict[str, Any]) -> str:
    """An id made of what the event says: the same for equal facts, whoever adapts them, another for others.

    What may come to be known later of the same fact, such as who was there, is no part of it.
    """
    text = "/".join(_said(fields))
    return text if len(text) <= _LONGEST else sha256(text.encode("utf-8", "replace")).hexdigest()


def _said(fields: dict[str, Any]) -> Iterator[str]:
    if fields.get("subject"):
        yield str(fields["subject"])
    yield fields["type"]
    yield from (str(fields[word]) for word in _WORDS if word in fields)
    if "ordinal" in fields:
        yield str(fields["ordinal"])
    if fields["type"] == "staff_assigned" and isinstance(fields.get("staff"), dict):
        yield str(fields["staff"].get("id"))
    yield _at(fields.get("occurred_at"))
    if "due" in fields:
        yield _window(fields)
    promises = fields.get("promises")
    yield from map(_promise, promises if isinstance(promises, list) else ())


def _promise(promise: Any) -> str:
    if not isinstance(promise, dict):
        return str(promise)
    return f"{promise.get('kind')}.{promise.get('ordinal', 1)}@{_window(promise)}"


def _window(terms: dict[str, Any]) -> str:
    due = _at(terms.get("due"))
    return f"{_at(terms['opens'])}-{due}" if "opens" in terms else due


def _at(moment: Any) -> str:
    """A time in milliseconds, as it is kept; what cannot be one is refused later, or elsewhere."""
    try:
        return str(from_datetime(moment)) if isinstance(moment, datetime) else str(moment)
    except (ImplausibleInstant, TypeError):
        return str(moment)


def each_once(made: list[Record]) -> tuple[Record, ...]:
    """The events of one record; what is said twice counts once. Raises Refused where one id says two things."""
    if len(made) < 2:
        return tuple(made)
    kept: dict[tuple[Any, Any], Record] = {}
    for one in made:
        key = getattr(one, "case", None), getattr(one, "id", None)
        if kept.setdefault(key, one) != one:
            raise Refused("bad_value", f"two different events of one record have the id {key[1]!r}: say `id`")
    return tuple(kept.values())
