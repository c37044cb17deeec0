"""Envelopes of feeds: recognises whatever is around the body of a record, and removes it, however it is nested. Pure.

In this order: a null value is a tombstone; the wire format of schema registries (JSON, Avro); CloudEvents, binary and
structured; forms; {schema, payload} of Kafka Connect; changes of Debezium, and rows of its outbox; a captured HTTP
request; JSON as text in JSON. The rest is the body.

Whatever else an envelope contains becomes headers, which adapters read like any others:

    ce-type, ce-source, ce-subject, ce-time, ce-...   attributes of a CloudEvent
    debezium-op, debezium-ts                          c, u, d or r; when the row changed, RFC 3339
    debezium-table, debezium-snapshot                 fields of the connector's `source`
    debezium-before, debezium-changed                 the row before, as JSON; names of columns that changed
    outbox-type, outbox-aggregatetype, -aggregateid   columns of an outbox row that no connector had routed
    form-NAME, query-NAME                             other fields of a form; parameters of a captured request

The event type of a routed outbox is in a header that its connector is configured to write; an adapter has to name it.
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
"""The maximum number of envelopes inside one another. An outbox row that no connector had routed is three."""

MAX_DEPTH: Final = 64
"""The maximum depth of JSON. Orders of vendors are at most ten deep, and later steps may be recursive."""

RECEIVED_AT: Final = "promises.received_at"
"""The header in which our gateway writes when it received the request."""

_BYTE_OPENERS: Final[tuple[Callable[[Layer], Layer | None], ...]] = (cloudevents.binary, http_requests.form)
_JSON_OPENERS: Final[tuple[Callable[[Layer], Layer | None], ...]] = (
    cloudevents.structured,
    kafka_connect.with_schema,
    kafka_connect.change,
    kafka_connect.outbox_row,
    http_requests.form,
    http_requests.captured,
)


def open_envelopes(record: FeedRecord, schemas: Schemas | None = None) -> OpenedRecord | None:
    """Return the content of the envelopes of a record; None for a tombstone. schemas: the source of Avro schemas.

    Raises Refused: too_large, empty, not_json, or bad_envelope with the name of the envelope. Raises SchemaUnavailable
    if a schema is not available for now.
    """
    if record.value is None:
        return None
    if len(record.value) > MAX_BYTES:
        raise Refused("too_large", f"{len(record.value)} bytes; a record of a feed has at most {MAX_BYTES}")
    layer = _innermost(_outermost(record), schemas)
    if layer.tombstone:
        return None
    headers = {printable(name): printable(value) for name, value in layer.headers.items()}
    return OpenedRecord(
        body=layer.content,
        headers=headers,
        topic=record.topic,
        key=key_text(record.key, schemas),
        received_at=layer.received_at,
        id=layer.id or headers.get("id", ""),
        envelopes=layer.envelopes,
    )


def _outermost(record: FeedRecord) -> Layer:
    """Return the record before anything is opened. It was received when our gateway says, or when it reached Kafka."""
    header = record.headers.get(RECEIVED_AT)
    received_at = time_of(header) if header is not None else record.timestamp
    if received_at is None:
        raise bad("gateway", f"header {RECEIVED_AT} {header!r} is not a time; write it like 2026-03-01T12:40:00Z")
    return Layer(record.value, record.headers, received_at=received_at)


def _innermost(layer: Layer, schemas: Schemas | None) -> Layer:
    while not layer.tombstone:
        opened = _opened(layer, schemas)
        if opened is None:
            return layer
        if len(opened.envelopes) > MAX_ENVELOPES:
            raise bad(_path(opened), f"more than {MAX_ENVELOPES} envelopes inside one another")
        layer = opened
    return layer


def _opened(layer: Layer, schemas: Schemas | None) -> Layer | None:
    """Return the layer with one envelope less, or with its bytes decoded; None if nothing is left to open."""
    if not isinstance(layer.content, bytes):
        return next((opened for opener in _JSON_OPENERS if (opened := opener(layer))), None) or _text(layer)
    if opened := confluent.opened(layer, schemas):
        return opened
    return next((opened for opener in _BYTE_OPENERS if (opened := opener(layer))), None) or _decoded(layer)


def _decoded(layer: Layer) -> Layer:
    if not layer.content:
        raise Refused("empty", f"there is nothing in {_path(layer)}")
    return replace(layer, content=_json(layer.content))


def _path(layer: Layer) -> str:
    """Return the envelopes that were opened, such as "connect in the record"."""
    return " in ".join((*reversed(layer.envelopes), "the record"))


def _text(layer: Layer) -> Layer | None:
    """Return JSON that is a text within JSON; None for any other text."""
    if not isinstance(layer.content, str) or not layer.content.lstrip().startswith(("{", "[", '"')):
        return None
    try:
        inner = _json(layer.content.encode())
    except Refused:
        return None
    return layer.opened("json_text", inner, layer.headers)


def _json(value: bytes) -> Any:
    """Return decoded JSON. Raises Refused if it is nested too deep for later steps."""
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
        collections = (outer.values() if type(outer) is dict else outer for outer in level)
        level = [inner for values in collections for inner in values if type(inner) is dict or type(inner) is list]
    return bool(level)


def _too_deep() -> Refused:
    return bad("body", f"JSON nested deeper than {MAX_DEPTH}")
