"""Records of Kafka Connect: {schema, payload}, Debezium's changes of a row, and rows of an outbox table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from schemas.instants import format_instant
from streams.adapters.envelopes.layer import Layer, text_of, time_of

CONNECT, DEBEZIUM, OUTBOX = "connect", "debezium", "outbox"
_OPERATIONS: Final = ("c", "u", "d", "r")
_UNAVAILABLE: Final = "__debezium_unavailable_value"
"""Takes the place of a large column that did not change, because the database does not report its value."""

_TIMES: Final = (("ts_ms", 1), ("ts_us", 1000), ("ts_usec", 1000), ("ts_ns", 1_000_000))
"""Fields of `source` with the time of the change, and the number of their units in a millisecond."""

_OUTBOX_COLUMNS: Final = ("aggregatetype", "aggregateid", "payload")


def with_schema(layer: Layer) -> Layer | None:
    """Open the payload that JsonConverter writes beside its schema."""
    if not isinstance(layer.content, dict) or layer.content.keys() != {"schema", "payload"}:
        return None
    payload = layer.content["payload"]
    return replace(layer.opened(CONNECT, payload, layer.headers), tombstone=payload is None)


def change(layer: Layer) -> Layer | None:
    """Open a change of Debezium to the row after it; of a deleted row to the row before, if it is known."""
    event = layer.content
    if not isinstance(event, dict) or event.get("op") not in _OPERATIONS or not event.keys() & {"before", "after"}:
        return None
    before, after = _available(event.get("before")), _available(event.get("after"))
    headers = {**layer.headers, **_change_headers(event), **_difference_headers(before, after)}
    return layer.opened(DEBEZIUM, before if event["op"] == "d" else after, headers)


def outbox_row(layer: Layer) -> Layer | None:
    """Open a row of an outbox table to its payload. A deleted row is a tombstone: rows are deleted after reading."""
    row = layer.content
    if layer.envelopes[-1:] != (DEBEZIUM,) or not isinstance(row, dict) or not row.keys() >= set(_OUTBOX_COLUMNS):
        return None
    outbox_headers = {f"outbox-{name}": text_of(row.get(name)) for name in ("type", "aggregatetype", "aggregateid")}
    opened = layer.opened(OUTBOX, row["payload"], {**layer.headers, **outbox_headers}, text_of(row.get("id")))
    return replace(opened, tombstone=layer.headers["debezium-op"] == "d")


def _available(row: Any) -> Any:
    """Return a row without the columns that the database did not report."""
    return {name: value for name, value in row.items() if value != _UNAVAILABLE} if isinstance(row, dict) else row


def _change_headers(event: Mapping[str, Any]) -> dict[str, str]:
    """Return the details of a change as headers."""
    value = event.get("source")
    source: Mapping[str, Any] = value if isinstance(value, dict) else {}
    details = {
        "op": event["op"],
        "ts": _time(source) or _time(event),
        "table": text_of(source.get("table") or source.get("collection")),
        "snapshot": text_of(source.get("snapshot")),
    }
    return {f"debezium-{name}": value for name, value in details.items() if value}


def _time(fields: Mapping[str, Any]) -> str:
    for name, per_milli in _TIMES:
        value = fields.get(name)
        # Micro- and nanoseconds of this century are near 2**53 or beyond it, so they may have been decoded as text.
        if isinstance(value, int | str) and str(value).isdecimal() and (at := time_of(int(value) // per_milli)):
            return format_instant(at)
    return ""


def _difference_headers(before: Any, after: Any) -> dict[str, str]:
    """Return the row before a change and the names of the changed columns as headers; none if it is unknown."""
    if not isinstance(before, dict):
        return {}
    row = after if isinstance(after, dict) else {}
    changed = " ".join(sorted(name for name, value in row.items() if name not in before or before[name] != value))
    return {"debezium-before": msgspec.json.encode(before).decode(), "debezium-changed": changed}
