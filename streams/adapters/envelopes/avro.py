"""Avro as registries of schemas use it: a datum alone, read by the schema of whoever wrote it. Pure.

Schemas come from people we trust, data from anybody. A schema that refers to itself is not read: the depth of its data
is whatever the sender likes, and fastavro ends the whole process where it is deep (10 kB are enough).
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
    """A schema of a registry. kind: AVRO, JSON or PROTOBUF. references: the schemas that it names, those first that
    others name."""

    kind: str
    text: str
    references: tuple[str, ...] = ()


class SchemaUnavailable(Exception):
    """Nobody can say now which schema it was; the record is to wait. The message says why and what to do."""


class Schemas(Protocol):
    """Where the schemas of writers are found."""

    def schema(self, id: int | str) -> Schema | None:
        """The schema with this id (a number, or a GUID); None where there is none. Raises SchemaUnavailable."""
        ...


def decoded(schema: Schema, datum: bytes) -> bytes:
    """The datum as JSON: times as RFC 3339, decimals as text, bytes as base64. Raises Refused."""
    parsed = _parsed(schema)
    stream = io.BytesIO(datum)
    try:
        value = fastavro.schemaless_reader(stream, parsed, None)
        json = msgspec.json.encode(value)
    except Exception as error:  # whatever schema and bytes lead to: fastavro names no errors of its own
        raise bad("confluent", f"no Avro by its schema: {type(error).__name__}: {error}") from None
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
    except Exception as error:  # fastavro raises KeyError, TypeError and others for schemas that are none
        raise bad("confluent", f"the schema is no Avro schema: {type(error).__name__}: {error}") from None
    if name := next(_repeated(parsed, named, ()), None):
        raise bad("confluent", f"the schema refers to itself in {name}; such Avro is not read, send it as JSON")
    return parsed


def _repeated(schema: Any, named: dict[str, Any], within: tuple[str, ...]) -> Iterator[str]:
    """The names of schemas that hold themselves."""
    if isinstance(schema, str) and schema in within:
        yield schema
    elif isinstance(schema, str) and schema in named:
        yield from _repeated(named[schema], named, within)
    elif isinstance(schema, list):
        for branch in schema:
            yield from _repeated(branch, named, within)
    elif isinstance(schema, dict):
        inside = (*within, schema["name"]) if "fields" in schema else within
        for field in (*schema.get("fields", ()), {"type": schema.get("items")}, {"type": schema.get("values")}):
            yield from _repeated(field["type"], named, inside)
        if not isinstance(schema["type"], str):
            yield from _repeated(schema["type"], named, inside)
