"""What Kafka Connect writes: {schema, payload}, changes that Debezium read from a database, and outboxes."""

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


def test_an_order_that_became_ready_tells_the_row_and_that_its_state_changed() -> None:
    found = opened(_change("u", {"id": 17, "state": "cooking"}, {"id": 17, "state": "ready"}))
    assert found.body == {"id": 17, "state": "ready"}
    assert found.headers["debezium-changed"] == "state"
    assert json.loads(found.headers["debezium-before"]) == {"id": 17, "state": "cooking"}
    assert found.headers["debezium-ts"] == "2026-03-06T12:26:40.000Z"


def test_a_deleted_row_is_what_it_was_and_the_record_behind_it_is_a_tombstone() -> None:
    found = opened(_change("d", {"id": 17}, None))
    assert (found.body, found.headers["debezium-op"]) == ({"id": 17}, "d")
    assert open_envelopes(FeedRecord(None, b'{"id": 17}', {}, "db.orders", 1)) is None


def test_a_deleted_row_of_which_nothing_is_told_has_no_body_and_its_key() -> None:
    found = opened(_change("d", None, None), key=b'{"id": 17}')
    assert (found.body, found.key) == (None, "17")


def test_a_large_column_that_did_not_change_is_left_out_and_not_taken_for_its_placeholder() -> None:
    found = opened(_change("u", None, {"id": 17, "lines": "__debezium_unavailable_value", "state": "ready"}))
    assert found.body == {"id": 17, "state": "ready"}


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ({"ts_us": 1_772_800_000_000_000}, "2026-03-06T12:26:40.000Z"),
        ({"ts_ns": 1_772_800_000_000_000_000}, "2026-03-06T12:26:40.000Z"),
        ({"ts_ms": 0}, "2026-03-06T12:26:49.000Z"),
        ({"ts_ms": None}, "2026-03-06T12:26:49.000Z"),
        (None, "2026-03-06T12:26:49.000Z"),
    ],
)
def test_a_change_happened_when_the_database_says_else_when_it_was_read(source: Any, told: str) -> None:
    assert opened(_change("c", None, {"id": 17}, source=source)).headers["debezium-ts"] == told


def test_a_change_beside_its_schema_is_opened_twice() -> None:
    inner = json.loads(_change("c", None, {"id": 17}).value)
    found = opened(plain({"schema": {"type": "struct", "fields": []}, "payload": inner}))
    assert (found.body, found.envelopes) == ({"id": 17}, ("connect", "debezium"))


def test_a_payload_of_null_is_a_tombstone() -> None:
    assert open_envelopes(FeedRecord(b'{"schema": null, "payload": null}')) is None


def test_an_order_with_a_field_payload_is_no_envelope_of_connect() -> None:
    order = {"schema": 2, "payload": {"id": 17}, "shop": "Main St"}
    assert opened(plain(order)).body == order


def test_a_row_of_an_outbox_that_is_deleted_after_it_was_read_says_nothing() -> None:
    row = {"id": "e-1", "aggregatetype": "order", "aggregateid": "17", "type": "OrderReady", "payload": '{"id": 17}'}
    assert opened(_change("c", None, row)).body == {"id": 17}
    assert open_envelopes(FeedRecord(_change("d", row, None).value)) is None


def test_the_payload_of_an_outbox_may_be_json_of_the_database() -> None:
    row = {"id": "e-1", "aggregatetype": "order", "aggregateid": "17", "payload": {"id": 17}}
    found = opened(_change("c", None, row))
    assert (found.body, found.id, found.envelopes) == ({"id": 17}, "e-1", ("debezium", "outbox"))


def test_a_text_that_only_looks_like_json_is_a_text() -> None:
    assert opened(plain("{name} was here")).body == "{name} was here"


def test_a_text_of_a_text_of_json_is_json() -> None:
    assert opened(plain(json.dumps(json.dumps({"id": 17})))).body == {"id": 17}


def test_an_order_with_an_operation_that_is_none_of_debezium_is_the_body() -> None:
    order = {"op": "ready", "after": "12:40"}
    assert opened(plain(order)).body == order


def test_what_is_no_json_is_refused() -> None:
    assert refused(Sent(b"<order/>")).reason == "not_json"
