"""Envelopes of feeds: what is around the body of a record is recognised and taken off, however it is nested. Pure.

In this order: a null value is a tombstone; the wire format of schema registries (JSON, Avro); CloudEvents, binary and
structured; forms; {schema, payload} of Kafka Connect; changes of Debezium, and rows of its outbox; a captured HTTP
request; JSON as text in JSON. What is in none of them is the body.

What an envelope says beside the body stands in headers that adapters read like any other:

    ce-type, ce-source, ce-subject, ce-time, ce-...   attributes of a CloudEvent
    debezium-op, debezium-ts                          c, u, d or r; when the row changed, RFC 3339
    debezium-table, debezium-snapshot                 what the connector says of its source
    debezium-before, debezium-changed                 the row before, as JSON; names of columns that changed
    outbox-type, outbox-aggregatetype, -aggregateid   columns of an outbox row that no connector had routed
    form-NAME, query-NAME                             other fields of a form; parameters of a captured request

The event type of a routed outbox is in whatever header its connector was told to put it; so an adapter names that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from schemas.reading import MAX_BYTES, Refused
from streams.adapters.decoding import decode
from streams.adapters.envelopes import cloudevents, confluent, http_requests, kafka_connect
from streams.adapters.envelopes.avro import Schema, Schemas, SchemaUnavailable
from streams.adapters.envelopes.keys import key_text
from streams.adapters.envelopes.layer import Layer, bad, time_of
from streams.adapters.feed_records import FeedRecord, OpenedRecord, printable

__all__ = ["MAX_DEPTH", "MAX_ENVELOPES", "Schema", "SchemaUnavailable", "Schemas", "open_envelopes"]

MAX_ENVELOPES: Final = 8
"""So many may be inside one another. A row of an outbox that no connector had routed is three of them."""

MAX_DEPTH: Final = 64
"""So deep may JSON be nested: the orders of vendors are at most ten deep, and what follows may be recursive."""

RECEIVED_AT: Final = "promises.received_at"
"""The header in which our gateway says when it had the request."""

_OF_BYTES: Final[tuple[Callable[[Layer], Layer | None], ...]] = (cloudevents.binary, http_requests.form)
_OF_JSON: Final[tuple[Callable[[Layer], Layer | None], ...]] = (
    cloudevents.structured,
    kafka_connect.with_schema,
    kafka_connect.change,
    kafka_connect.outbox_row,
    http_requests.form,
    http_requests.captured,
)


def open_envelopes(delivered: FeedRecord, schemas: Schemas | None = None) -> OpenedRecord | None:
    """What was in the envelopes of a record; None where it is a tombstone. `schemas`: where those of Avro are found.

    Raises Refused: too_large, empty, not_json, or bad_envelope with the name of the envelope. Raises SchemaUnavailable
    where a schema cannot be had for now.
    """
    if delivered.value is None:
        return None
    if len(delivered.value) > MAX_BYTES:
        raise Refused("too_large", f"{len(delivered.value)} bytes; a record of a feed has at most {MAX_BYTES}")
    layer = _innermost(_outermost(delivered), schemas)
    if layer.tombstone:
        return None
    headers = {printable(name): printable(value) for name, value in layer.headers.items()}
    return OpenedRecord(
        layer.content,
        headers,
        delivered.topic,
        key_text(delivered.key, schemas),
        layer.received_at,
        layer.id or headers.get("id", ""),
        layer.envelopes,
    )


def _outermost(delivered: FeedRecord) -> Layer:
    """The record as it stands. It was received when our gateway says so, or when it reached Kafka."""
    said = delivered.headers.get(RECEIVED_AT)
    at = time_of(said) if said is not None else delivered.timestamp
    if at is None:
        raise bad("gateway", f"header {RECEIVED_AT} {said!r} is no time; write it like 2026-03-01T12:40:00Z")
    return Layer(delivered.value, delivered.headers, received_at=at)


def _innermost(layer: Layer, schemas: Schemas | None) -> Layer:
    while not layer.tombstone:
        opened = _opened(layer, schemas)
        if opened is None:
            return layer
        if len(opened.envelopes) > MAX_ENVELOPES:
            raise bad(_nested(opened), f"more than {MAX_ENVELOPES} envelopes inside one another")
        layer = opened
    return layer


def _opened(layer: Layer, schemas: Schemas | None) -> Layer | None:
    """One envelope less, or bytes decoded; None where nothing is left to open."""
    if not isinstance(layer.content, bytes):
        return next((opened for opener in _OF_JSON if (opened := opener(layer))), None) or _text(layer)
    if opened := confluent.opened(layer, schemas):
        return opened
    return next((opened for opener in _OF_BYTES if (opened := opener(layer))), None) or _decoded(layer)


def _decoded(layer: Layer) -> Layer:
    if not layer.content:
        raise Refused("empty", f"there is nothing in {_nested(layer)}")
    return replace(layer, content=_json(layer.content))


def _nested(layer: Layer) -> str:
    return " in ".join((*reversed(layer.envelopes), "the record"))


def _text(layer: Layer) -> Layer | None:
    """JSON that stands as a text in JSON; None for any other text."""
    if not isinstance(layer.content, str) or not layer.content.lstrip().startswith(("{", "[", '"')):
        return None
    try:
        inner = _json(layer.content.encode())
    except Refused:
        return None
    return layer.opened("json_text", inner, layer.headers)


def _json(value: bytes) -> Any:
    """JSON that is not too deep for what follows."""
    try:
        decoded = decode(value)
    except RecursionError:
        raise _too_deep() from None
    brackets = value.count(b"{") + value.count(b"[")
    if brackets > MAX_DEPTH and _is_deep(decoded):
        raise _too_deep()
    return decoded


def _is_deep(decoded: Any) -> bool:
    level = [decoded] if isinstance(decoded, dict | list) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return False
        inside = (outer.values() if type(outer) is dict else outer for outer in level)
        level = [inner for values in inside for inner in values if type(inner) is dict or type(inner) is list]
    return bool(level)


def _too_deep() -> Refused:
    return bad("body", f"JSON nested deeper than {MAX_DEPTH}")
