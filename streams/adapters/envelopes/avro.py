"""Avro as schema registries use it: a single datum, read by the schema of its writer. Pure.

Schemas come from people we trust, data from anybody. A schema that refers to itself is refused: the sender chooses the
depth of its data, and fastavro crashes the whole process on deep data (10 kB are enough).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import fastavro
import msgspec

from schemas.reading import MAX_BYTES, Refused
from streams.adapters.envelopes.layer import bad


class Schema(NamedTuple):
    """A schema of a registry. kind: AVRO, JSON or PROTOBUF. references: the schemas that it refers to, in such an order
    that each comes after those that it refers to itself."""

    kind: str
    text: str
    references: tuple[str, ...] = ()


class SchemaUnavailable(Exception):
    """A schema cannot be looked up for now, so the record has to wait. The message says why and what to do."""


class Schemas(Protocol):
    """A source of writers' schemas."""

    def schema(self, id: int | str) -> Schema | None:
        """Return the schema with this id (a number or a GUID); None if there is none. Raises SchemaUnavailable."""
        ...


def decoded(schema: Schema, datum: bytes) -> bytes:
    """Return the datum as JSON: times as RFC 3339, decimals as text, bytes as base64. Raises Refused."""
    parsed = _parsed(schema)
    stream = io.BytesIO(datum)
    try:
        value = fastavro.schemaless_reader(stream, parsed, None)
        json = msgspec.json.encode(value)
    except Exception as error:  # fastavro has no error types of its own
        raise bad("confluent", f"not Avro by its schema: {type(error).__name__}: {error}") from None
    if stream.tell() < len(datum):
        raise bad("confluent", f"{len(datum) - stream.tell()} bytes are left after the Avro datum: is it the schema?")
    if len(json) > MAX_BYTES:
        raise Refused("too_large", f"{len(json)} bytes as JSON; an event has at most {MAX_BYTES}")
    return json


@lru_cache(maxsize=256)
def _parsed(schema: Schema) -> Any:
    named: dict[str, Any] = {}
    try:
        for reference in schema.references:
            fastavro.parse_schema(msgspec.json.decode(reference), named_schemas=named)
        parsed = fastavro.parse_schema(msgspec.json.decode(schema.text), named_schemas=named)
    except Exception as error:  # fastavro raises KeyError, TypeError and others for invalid schemas
        raise bad("confluent", f"the schema is not an Avro schema: {type(error).__name__}: {error}") from None
    if name := next(_recursive(parsed, named, ()), None):
        raise bad("confluent", f"the schema refers to itself in {name}; such Avro is not supported, send it as JSON")
    return parsed


def _recursive(schema: Any, named: dict[str, Any], within: tuple[str, ...]) -> Iterator[str]:
    """Yield the names of schemas that refer to themselves."""
    if isinstance(schema, str) and schema in within:
        yield schema
    elif isinstance(schema, str) and schema in named:
        yield from _recursive(named[schema], named, within)
    elif isinstance(schema, list):
        for branch in schema:
            yield from _recursive(branch, named, within)
    elif isinstance(schema, dict):
        inside = (*within, schema["name"]) if "fields" in schema else within
        for field in (*schema.get("fields", ()), {"type": schema.get("items")}, {"type": schema.get("values")}):
            yield from _recursive(field["type"], named, inside)
        if not isinstance(schema["type"], str):
            yield from _recursive(schema["type"], named, inside)
