"""What Kafka Connect writes: {schema, payload}, Debezium's changes of a row, and rows of an outbox table."""

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
"""Stands for a large column that did not change, which the database therefore did not tell."""

_TIMES: Final = (("ts_ms", 1), ("ts_us", 1000), ("ts_usec", 1000), ("ts_ns", 1_000_000))
"""Fields of `source` with the time of the change, and how many of each are a millisecond."""

_OUTBOX: Final = ("aggregatetype", "aggregateid", "payload")


def with_schema(layer: Layer) -> Layer | None:
    """What JsonConverter puts beside its schema."""
    if not isinstance(layer.content, dict) or layer.content.keys() != {"schema", "payload"}:
        return None
    payload = layer.content["payload"]
    return replace(layer.opened(CONNECT, payload, layer.headers), tombstone=payload is None)


def change(layer: Layer) -> Layer | None:
    """The row after a change of Debezium; of a deleted row what it was, where that is told."""
    event = layer.content
    if not isinstance(event, dict) or event.get("op") not in _OPERATIONS or not event.keys() & {"before", "after"}:
        return None
    before, after = _told(event.get("before")), _told(event.get("after"))
    headers = {**layer.headers, **_said(event), **_changed(before, after)}
    return layer.opened(DEBEZIUM, before if event["op"] == "d" else after, headers)


def outbox_row(layer: Layer) -> Layer | None:
    """The payload of a row of an outbox table. That such a row was deleted says nothing: it is so once it was read."""
    row = layer.content
    if layer.envelopes[-1:] != (DEBEZIUM,) or not isinstance(row, dict) or not row.keys() >= set(_OUTBOX):
        return None
    said = {f"outbox-{name}": text_of(row.get(name)) for name in ("type", "aggregatetype", "aggregateid")}
    opened = layer.opened(OUTBOX, row["payload"], {**layer.headers, **said}, text_of(row.get("id")))
    return replace(opened, tombstone=layer.headers["debezium-op"] == "d")


def _told(row: Any) -> Any:
    """A row without the columns that the database did not tell."""
    return {name: cell for name, cell in row.items() if cell != _UNAVAILABLE} if isinstance(row, dict) else row


def _said(event: Mapping[str, Any]) -> dict[str, str]:
    """What Debezium says of a change, as headers."""
    said = event.get("source")
    source: Mapping[str, Any] = said if isinstance(said, dict) else {}
    told = {
        "op": event["op"],
        "ts": _time(source) or _time(event),
        "table": text_of(source.get("table") or source.get("collection")),
        "snapshot": text_of(source.get("snapshot")),
    }
    return {f"debezium-{name}": value for name, value in told.items() if value}


def _time(said: Mapping[str, Any]) -> str:
    for name, per_milli in _TIMES:
        value = said.get(name)
        # Micro- and nanoseconds of this century are beyond 2**53 or near it, so they may be text.
        if isinstance(value, int | str) and str(value).isdecimal() and (at := time_of(int(value) // per_milli)):
            return format_instant(at)
    return ""


def _changed(before: Any, after: Any) -> dict[str, str]:
    if not isinstance(before, dict):
        return {}
    row = after if isinstance(after, dict) else {}
    changed = " ".join(sorted(name for name, cell in row.items() if name not in before or before[name] != cell))
    return {"debezium-before": msgspec.json.encode(before).decode(), "debezium-changed": changed}
