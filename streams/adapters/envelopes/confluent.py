"""The wire format of schema registries: JSON or Avro behind the id of its schema, in the value or in a header."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from streams.adapters.envelopes.avro import Schemas, decoded
from streams.adapters.envelopes.layer import Layer, bad
from streams.adapters.feed_records import raw_bytes

NAME: Final = "confluent"
SCHEMA_ID: Final = "__value_schema_id"
_NUMBER, _GUID = 0, 1
"""The first byte, with which no JSON begins: a number of 4 bytes follows, or a GUID of 16."""

_PREFIX: Final = {_NUMBER: 5, _GUID: 17}


def opened(layer: Layer, schemas: Schemas | None) -> Layer | None:
    """Return the content behind the id of a schema; None if there is no such id. Raises Refused, SchemaUnavailable."""
    data = layer.content
    if SCHEMA_ID in layer.headers:
        id, rest = _header(layer.headers[SCHEMA_ID]), data
    elif data[:1] in (b"\x00", b"\x01"):
        id, rest = _split(data)
    else:
        return None
    return layer.opened(NAME, _json(id, rest, schemas), layer.without(SCHEMA_ID))


def unwrapped(data: bytes, schemas: Schemas | None) -> bytes:
    """Return the JSON behind the prefix of `data`; `data` itself if it has none. Raises Refused, SchemaUnavailable."""
    return _json(*_split(data), schemas) if data[:1] in (b"\x00", b"\x01") else data


def _header(text: str) -> int | str:
    id, rest = _split(raw_bytes(text))
    if rest:
        raise bad(NAME, f"header {SCHEMA_ID} is longer than the id of a schema")
    return id


def _split(data: bytes) -> tuple[int | str, bytes]:
    """Return the id of the schema, and the bytes after it."""
    length = _PREFIX.get(data[0]) if data else None
    if length is None or len(data) < length:
        raise bad(NAME, f"begins with {data[:17].hex(' ')!r}, which is not the id of a schema")
    id = data[1:length]
    return int.from_bytes(id, "big") if data[0] == _NUMBER else str(UUID(bytes=id)), data[length:]


def _json(id: int | str, data: bytes, schemas: Schemas | None) -> bytes:
    # JSON is readable without its schema, so it is opened even while no registry answers.
    if data[:1] in (b"{", b"["):
        return data
    if schemas is None:
        if data[:1] == b'"':  # in Avro this could be a text of 17 letters
            return data
        raise bad(
            NAME, f"schema {id}: not JSON, and no source of schemas is given; name a folder or a registry of schemas"
        )
    schema = schemas.schema(id)
    if schema is None:
        raise bad(NAME, f"schema {id} is unknown; put it into the folder or the registry of schemas")
    if schema.kind == "JSON":
        return data
    if schema.kind != "AVRO":
        raise bad(NAME, f"schema {id} is {schema.kind}, which is not supported; send Avro or JSON")
    return decoded(schema, data)
