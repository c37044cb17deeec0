"""The records that Kafka Connect writes: {schema, payload}, changes that Debezium read, and rows of an outbox table."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streams.adapters.envelopes import open_envelopes
from streams.adapters.feed_records import FeedRecord
from tests.adapters.envelopes.wrapping import Sent, opened, plain, refused

_SOURCE = {"connector": "postgresql", "table": "orders", "snapshot": "false", "ts_ms": 1_772_800_000_000}


def _change(op: str, before: Any, after: Any, **more: Any) -> Sent:
    return plain({"op": op, "before": before, "after": after, "source": _SOURCE, "ts_ms": 1_772_800_009_000, **more})


def test_a_change_is_opened_to_the_row_and_the_names_of_changed_columns() -> None:
    record = opened(_change("u", {"id": 17, "state": "cooking"}, {"id": 17, "state": "ready"}))
    assert record.body == {"id": 17, "state": "ready"}
    assert record.headers["debezium-changed"] == "state"
    assert json.loads(record.headers["debezium-before"]) == {"id": 17, "state": "cooking"}
    assert record.headers["debezium-ts"] == "2026-03-06T12:26:40.000Z"


def test_a_deletion_is_opened_to_the_row_before_and_the_next_record_is_a_tombstone() -> None:
    record = opened(_change("d", {"id": 17}, None))
    assert (record.body, record.headers["debezium-op"]) == ({"id": 17}, "d")
    assert open_envelopes(FeedRecord(None, b'{"id": 17}', {}, "db.orders", 1)) is None


def test_a_deletion_without_the_row_has_no_body_but_a_key() -> None:
    record = opened(_change("d", None, None), key=b'{"id": 17}')
    assert (record.body, record.key) == (None, "17")


def test_the_placeholder_of_an_unchanged_large_column_is_left_out() -> None:
    record = opened(_change("u", None, {"id": 17, "lines": "__debezium_unavailable_value", "state": "ready"}))
    assert record.body == {"id": 17, "state": "ready"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"ts_us": 1_772_800_000_000_000}, "2026-03-06T12:26:40.000Z"),
        ({"ts_ns": 1_772_800_000_000_000_000}, "2026-03-06T12:26:40.000Z"),
        ({"ts_ms": 0}, "2026-03-06T12:26:49.000Z"),
        ({"ts_ms": None}, "2026-03-06T12:26:49.000Z"),
        (None, "2026-03-06T12:26:49.000Z"),
    ],
)
def test_a_change_has_the_time_of_the_database_or_else_of_the_connector(source: Any, expected: str) -> None:
    assert opened(_change("c", None, {"id": 17}, source=source)).headers["debezium-ts"] == expected


def test_a_change_beside_its_schema_is_opened_twice() -> None:
    inner = json.loads(_change("c", None, {"id": 17}).value)
    record = opened(plain({"schema": {"type": "struct", "fields": []}, "payload": inner}))
    assert (record.body, record.envelopes) == ({"id": 17}, ("connect", "debezium"))


def test_a_payload_of_null_is_a_tombstone() -> None:
    assert open_envelopes(FeedRecord(b'{"schema": null, "payload": null}')) is None


def test_an_order_with_a_field_payload_is_not_an_envelope_of_connect() -> None:
    order = {"schema": 2, "payload": {"id": 17}, "shop": "Main St"}
    assert opened(plain(order)).body == order


def test_a_deleted_row_of_an_outbox_is_a_tombstone() -> None:
    row = {"id": "e-1", "aggregatetype": "order", "aggregateid": "17", "type": "OrderReady", "payload": '{"id": 17}'}
    assert opened(_change("c", None, row)).body == {"id": 17}
    assert open_envelopes(FeedRecord(_change("d", row, None).value)) is None


def test_the_payload_of_an_outbox_may_be_json_of_the_database() -> None:
    row = {"id": "e-1", "aggregatetype": "order", "aggregateid": "17", "payload": {"id": 17}}
    record = opened(_change("c", None, row))
    assert (record.body, record.id, record.envelopes) == ({"id": 17}, "e-1", ("debezium", "outbox"))


def test_a_text_that_only_looks_like_json_is_a_text() -> None:
    assert opened(plain("{name} was here")).body == "{name} was here"


def test_a_text_of_a_text_of_json_is_json() -> None:
    assert opened(plain(json.dumps(json.dumps({"id": 17})))).body == {"id": 17}


def test_an_order_with_an_operation_unknown_to_debezium_is_the_body() -> None:
    order = {"op": "ready", "after": "12:40"}
    assert opened(plain(order)).body == order


def test_text_that_is_not_json_is_refused() -> None:
    assert refused(Sent(b"<order/>")).reason == "not_json"
