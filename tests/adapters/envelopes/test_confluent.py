"""The wire format of schema registries, byte by byte: which schema, JSON or Avro, and what cannot be read.

What Confluent's own serializers write is opened in tests/adapters/test_schema_registry.py.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import fastavro
import pytest

from streams.adapters.envelopes import Schema, SchemaUnavailable
from streams.adapters.feed_records import decode_headers
from tests.adapters.envelopes.wrapping import Sent, opened, refused

_GUID: Final = UUID("b0cd1ed2-0a57-4a8c-b7c7-0b5f4e1f9a00")
_ORDER: Final[dict[str, Any]] = {
    "type": "record",
    "name": "Order",
    "namespace": "shop",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["PLACED", "READY"]}},
        {"name": "ready_at", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]},
        {"name": "total", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "receipt", "type": "bytes"},
    ],
}


class _Known:
    """The schemas of a test, by id."""

    def __init__(self, schemas: Mapping[int | str, Any], kind: str = "AVRO") -> None:
        self._schemas = {id: Schema(kind, json.dumps(schema)) for id, schema in schemas.items()}

    def schema(self, id: int | str) -> Schema | None:
        return self._schemas.get(id)


class _Away:
    """A registry that does not answer."""

    def schema(self, id: int | str) -> Schema | None:
        raise SchemaUnavailable("the schema registry does not answer")


def _avro(schema: Any, value: Any) -> bytes:
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(schema), value)
    return stream.getvalue()


_READY: Final = _avro(
    _ORDER,
    {
        "id": 2**53 + 1,
        "state": "READY",
        "ready_at": 1_772_800_000_000,
        "total": Decimal("12.50"),
        "receipt": b"\xff\x00",
    },
)


def test_an_avro_order_is_read_by_the_schema_of_its_writer() -> None:
    record = opened(Sent(b"\x00\x00\x00\x00\x11" + _READY), _Known({17: _ORDER}))
    assert record.envelopes == ("confluent",)
    assert record.body == {
        "id": "9007199254740993",
        "state": "READY",
        "ready_at": "2026-03-06T12:26:40Z",
        "total": "12.50",
        "receipt": "/wA=",
    }


def test_a_schema_may_be_identified_by_a_guid_in_the_value_or_in_a_header() -> None:
    known = _Known({str(_GUID): _ORDER})
    prefix = b"\x01" + _GUID.bytes
    in_value = opened(Sent(prefix + _READY), known)
    in_header = opened(Sent(_READY, decode_headers([("__value_schema_id", prefix), ("Shop", b"Main St")])), known)
    assert in_value.body == in_header.body
    assert in_header.headers == {"shop": "Main St"}


def test_json_needs_no_schema_and_no_registry() -> None:
    assert opened(Sent(b'\x00\x00\x00\x00\x07{"id": 1}')).body == {"id": 1}
    assert opened(Sent(b'\x00\x00\x00\x00\x07[{"id": 1}]'), _Away()).body == [{"id": 1}]


def test_json_that_begins_with_a_space_is_read_if_its_schema_is_a_json_schema() -> None:
    assert opened(Sent(b'\x00\x00\x00\x00\x07 {"id": 1}'), _Known({7: {}}, "JSON")).body == {"id": 1}


def test_a_debezium_change_in_avro_is_opened_to_its_row() -> None:
    row = {"type": "record", "name": "Row", "fields": [{"name": "id", "type": "int"}]}
    schema = {
        "type": "record",
        "name": "Envelope",
        "fields": [
            {"name": "before", "type": ["null", row]},
            {"name": "after", "type": ["null", "Row"]},
            {"name": "op", "type": "string"},
        ],
    }
    value = _avro(schema, {"before": {"id": 1}, "after": {"id": 2}, "op": "u"})
    record = opened(Sent(b"\x00\x00\x00\x00\x01" + value), _Known({1: schema}))
    assert (record.body, record.envelopes) == ({"id": 2}, ("confluent", "debezium"))


def test_a_record_waits_while_the_registry_does_not_answer() -> None:
    with pytest.raises(SchemaUnavailable):
        opened(Sent(b"\x00\x00\x00\x00\x11" + _READY), _Away())


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"\x00\x00\x00\x00\x12" + _READY, "schema 18 is unknown"),
        (b"\x00\x00\x00", "is not the id of a schema"),
        (b"\x01" + _GUID.bytes[:9], "is not the id of a schema"),
        (b"\x00\x00\x00\x00\x11" + _READY[:-2], "not Avro by its schema"),
        (b"\x00\x00\x00\x00\x11" + _READY + b"\x00", "1 bytes are left"),
        (b"\x00\x00\x00\x00\x11" + b"\xff" * 300, "not Avro by its schema"),
        (b"\x00\x00\x00\x00\x11", "not Avro by its schema"),
    ],
)
def test_data_that_does_not_fit_its_schema_is_refused(value: bytes, message: str) -> None:
    refusal = refused(Sent(value), _Known({17: _ORDER}))
    assert (refusal.reason, refusal.detail.startswith("confluent: "), message in refusal.detail) == (
        "bad_envelope",
        True,
        True,
    )


def test_an_avro_record_is_refused_without_a_source_of_schemas() -> None:
    assert "name a folder or a registry" in refused(Sent(b"\x00\x00\x00\x00\x11" + _READY)).detail


def test_protobuf_is_refused_by_its_name() -> None:
    assert (
        "schema 17 is PROTOBUF" in refused(Sent(b"\x00\x00\x00\x00\x11\x00\x08"), _Known({17: ""}, "PROTOBUF")).detail
    )


@pytest.mark.parametrize("schema", [{"type": "record", "fields": []}, {"type": "nonsense"}, 7])
def test_an_invalid_schema_is_refused(schema: Any) -> None:
    assert "the schema is not an Avro schema" in refused(Sent(b"\x00\x00\x00\x00\x11\x02"), _Known({17: schema})).detail


_TREE: Final = {
    "type": "record",
    "name": "Part",
    "fields": [{"name": "parts", "type": {"type": "array", "items": "Part"}}],
}
_CHAIN: Final = {"type": "record", "name": "Link", "fields": [{"name": "next", "type": ["null", "Link"]}]}
_MAP_OF_A: Final = {"type": "map", "values": "A"}
_INDIRECT: Final = {
    "type": "record",
    "name": "A",
    "fields": [
        {"name": "b", "type": {"type": "record", "name": "B", "fields": [{"name": "a", "type": _MAP_OF_A}]}},
    ],
}


@pytest.mark.parametrize("schema", [_TREE, _CHAIN, _INDIRECT])
def test_a_schema_that_refers_to_itself_is_refused_before_its_data_can_crash_the_process(schema: Any) -> None:
    refusal = refused(Sent(b"\x00\x00\x00\x00\x11" + b"\x02" * 1_000_000), _Known({17: schema}))
    assert "refers to itself" in refusal.detail


def test_a_schema_that_is_used_twice_does_not_refer_to_itself() -> None:
    money = {"type": "record", "name": "Money", "fields": [{"name": "cents", "type": "int"}]}
    fields = [{"name": "total", "type": money}, {"name": "tip", "type": "Money"}]
    schema = {"type": "record", "name": "Order", "fields": fields}
    value = {"total": {"cents": 900}, "tip": {"cents": 100}}
    assert opened(Sent(b"\x00\x00\x00\x00\x11" + _avro(schema, value)), _Known({17: schema})).body == value


def test_a_header_that_is_not_an_id_is_refused() -> None:
    refusal = refused(Sent(b"{}", decode_headers([("__value_schema_id", b"\x00\x00\x00\x00\x11\x00")])))
    assert "__value_schema_id is longer" in refusal.detail


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (None, ""),
        (b"order-17", "order-17"),
        (b"0017", "0017"),
        (b"1.10", "1.10"),
        (b'"order-17"', "order-17"),
        (b'{"schema": {}, "payload": {"id": 1004}}', "1004"),
        (b'\x00\x00\x00\x00\x11{"id": "o-17"}', "o-17"),
        (b'{"shop": 3, "id": 17}', '{"shop":3,"id":17}'),
        (b"\xffkey", "\ufffdkey"),
        (b"\x00\x00", "\x00\x00"),
    ],
)
def test_a_key_is_opened_to_its_text(key: bytes | None, message: str) -> None:
    assert opened(Sent(b"{}"), key=key).key == message
