"""From bytes to events. What cannot be read is refused with one reason of a closed list, never an accident."""

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
"""An event is a few hundred bytes; one above a mebibyte is something else."""


class Refused(Exception):
    """A record that is not an event. `reason` is counted, `detail` says what was wrong and where."""

    def __init__(self, reason: RefusalReason, detail: str) -> None:
        self.reason: RefusalReason = reason
        self.detail = _shortened(detail)
        super().__init__(f"{reason}: {self.detail}")


def _shortened(detail: str) -> str:
    """`detail` short enough for a header: it may quote what the sender wrote. The field stands at its end."""
    return detail if len(detail) <= 500 else f"{detail[:300]}...{detail[-200:]}"


_decode: Callable[[bytes], Record] = msgspec.json.Decoder(Record).decode
_encode: Callable[[object], bytes] = msgspec.json.Encoder().encode
_RECORD_TYPES: Final[dict[str, Any]] = {tag: kind for kind, tag in TAGS.items()}


def read_event(value: bytes | None) -> Record:
    """The event in `value`. Raises Refused."""
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
    """The event in `fields`, as `read` would have it from JSON. Raises Refused."""
    return _convert(fields) or _read_as_json(fields)


def _convert(fields: dict[str, Any]) -> Record | None:
    """The event in `fields`; None where `read` has to say what is wrong.

    By its own class, because msgspec looks at all classes of a union anew each time: 19 us instead of 1.
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
    """The reason behind a validation error, read from the field that it names."""
    text = str(error)
    # Anchored, because the text between may quote what the sender wrote.
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
