"""From bytes to events. A record that is not a valid event is refused with one reason of a closed list."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, Literal, get_args

import msgspec

from schemas.events import TAGS, Record

RefusalReason = Literal[
    "empty",
    "too_large",
    "not_json",
    "unknown_type",
    "no_case",
    "wrong_key",
    "bad_value",
    "bad_time",
    "unknown_kind",
    "due_before_made",
    "too_late",
    "bad_envelope",
    "unknown_shape",
]
REFUSAL_REASONS: Final[tuple[RefusalReason, ...]] = get_args(RefusalReason)

MAX_BYTES: Final = 1 << 20
"""The largest accepted size of an event. Real events have a few hundred bytes."""


class Refused(Exception):
    """A record that is not a valid event. `reason` is counted, `detail` says what was wrong and where."""

    def __init__(self, reason: RefusalReason, detail: str) -> None:
        self.reason: RefusalReason = reason
        self.detail = _shortened(detail)
        super().__init__(f"{reason}: {self.detail}")


def _shortened(detail: str) -> str:
    """Shorten `detail` for a header, since it may quote the sender. The end is kept, because it names the field."""
    return detail if len(detail) <= 500 else f"{detail[:300]}...{detail[-200:]}"


_decode: Callable[[bytes], Record] = msgspec.json.Decoder(Record).decode
_encode: Callable[[object], bytes] = msgspec.json.Encoder().encode
_RECORD_TYPES: Final[dict[str, Any]] = {tag: kind for kind, tag in TAGS.items()}


def read_event(value: bytes | None) -> Record:
    """Decode an event from JSON. Raises Refused."""
    if not value:
        raise Refused("empty", "the record has no value")
    if len(value) > MAX_BYTES:
        raise Refused("too_large", f"{len(value)} bytes; an event has at most {MAX_BYTES}")
    try:
        return _decode(value)
    except msgspec.ValidationError as error:
        raise refusal(error) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Refused("not_json", str(error)) from None


def event_from_fields(fields: dict[str, Any]) -> Record:
    """Return the event with these fields, exactly as `read_event` returns it from JSON. Raises Refused."""
    return _convert(fields) or _read_as_json(fields)


def _convert(fields: dict[str, Any]) -> Record | None:
    """Return the event with these fields; None if it is invalid, so that `read_event` has to find the reason.

    Converting to the class of the event takes 1 us, to the union of all classes 19 us.
    """
    tag = fields.get("type")
    record_type = _RECORD_TYPES.get(tag) if isinstance(tag, str) else None
    try:
        record = msgspec.convert(fields, record_type) if record_type else None
        return record if record and len(_encode(record)) <= MAX_BYTES else None
    except (msgspec.ValidationError, UnicodeError, RecursionError):
        return None


def _read_as_json(fields: dict[str, Any]) -> Record:
    try:
        value = msgspec.json.encode(fields)
    except UnicodeError as error:
        raise Refused("bad_value", f"not UTF-8: {error}") from None
    except (TypeError, RecursionError) as error:
        raise Refused("bad_value", str(error)) from None
    return read_event(value)


_MISSING: Final = re.compile(r"Object missing required field `(\w+)`")
_PATH: Final = re.compile(r" - at `([^`]*)`\Z")
_TIMES: Final = re.compile(r"\$\.(.*\.)?(occurred_at|received_at|due|opens|at)$")


def refusal(error: msgspec.ValidationError) -> Refused:
    """Return the refusal for a validation error. Its reason follows from the field that the error names."""
    text = str(error)
    # Anchored, because the text between may quote the sender.
    missing = _MISSING.match(text)
    path = _PATH.search(text)
    field = path.group(1) if path else "$"
    if missing:
        field = f"{field}.{missing.group(1)}"
    return Refused(_reason(field, is_missing=bool(missing)), text)


def _reason(field: str, *, is_missing: bool) -> RefusalReason:
    if field.endswith(".type"):
        return "unknown_type"
    if field == "$.case":
        return "no_case"
    if _TIMES.search(field) and not is_missing:
        return "bad_time"
    return "bad_value"
