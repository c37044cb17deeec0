"""CloudEvents: events written with the official library are opened unchanged; invalid ones are refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from cloudevents.core.bindings.http import to_binary_event as to_binary_http
from cloudevents.core.bindings.kafka import KafkaMessage, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from streams.adapters.envelopes import open_envelopes
from streams.adapters.feed_records import FeedRecord, OpenedRecord, decode_headers
from tests.adapters.envelopes.wrapping import Sent, opened, refused

_READY: Final[dict[str, Any]] = {
    "id": "e-1",
    "source": "/shops/main-street/till/3",
    "type": "shop.order.ready",
    "subject": "order-17",
    "time": datetime(2026, 3, 6, 12, 38, 4, 250_000, UTC),
    "datacontenttype": "application/json",
    "partitionkey": "order-17",
    "tillnumber": "3",
}


def _sent(message: KafkaMessage) -> OpenedRecord:
    key = message.key.encode() if isinstance(message.key, str) else message.key
    record = open_envelopes(FeedRecord(message.value, key, decode_headers(message.headers.items()), "feeds.shop", 1))
    assert record is not None
    return record


@pytest.mark.parametrize("write", [to_binary_event, to_structured_event])
def test_all_attributes_of_an_event_written_by_the_library_become_headers(write: Any) -> None:
    record = _sent(write(CloudEvent(dict(_READY), {"order": 17, "state": "ready"})))
    assert (record.body, record.id, record.key) == ({"order": 17, "state": "ready"}, "e-1", "order-17")
    assert record.headers == {
        "ce-id": "e-1",
        "ce-source": "/shops/main-street/till/3",
        "ce-type": "shop.order.ready",
        "ce-subject": "order-17",
        "ce-time": "2026-03-06T12:38:04.250000Z",
        "ce-partitionkey": "order-17",
        "ce-tillnumber": "3",
        "content-type": "application/json",
    }


@given(st.dictionaries(st.text(max_size=5), st.integers(-(2**53), 2**53) | st.text(max_size=5) | st.none()), st.text())
def test_binary_and_structured_events_open_to_the_same(data: dict[str, Any], subject: str) -> None:
    event = CloudEvent(_READY | {"subject": f"order {subject}"}, data)
    binary, structured = _sent(to_binary_event(event)), _sent(to_structured_event(event))
    assert binary == structured
    assert binary.body == data


def test_an_event_that_was_posted_over_http_has_its_attributes_in_headers_of_http() -> None:
    request = to_binary_http(CloudEvent(_READY | {"subject": "Café 17"}, {"order": 17}))
    headers = {name.lower(): value for name, value in request.headers.items()}
    record = opened(Sent(request.body, headers))
    assert (record.body, record.id, record.headers["ce-subject"]) == ({"order": 17}, "e-1", "Café 17")


def test_data_in_bytes_are_opened_as_if_they_were_the_record() -> None:
    record = _sent(to_structured_event(CloudEvent(dict(_READY), b'{"op": "c", "after": {"order": 17}}')))
    assert (record.body, record.envelopes) == ({"order": 17}, ("cloudevents", "debezium"))


def test_an_event_without_content_type_is_recognised_by_its_required_attributes() -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/till", "type": "ready", "data": {"order": 17}, "data2": None}
    assert opened(Sent(json.dumps(event).encode())).body == {"order": 17}


def test_attribute_headers_of_a_structured_event_are_ignored() -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/till", "type": "ready", "data": {"order": 17}}
    headers = {"content-type": "Application/CloudEvents+JSON; charset=UTF-8", "ce_specversion": "1.0", "ce_id": "other"}
    record = opened(Sent(json.dumps(event).encode(), headers))
    assert (record.id, record.envelopes, "ce_id" in record.headers) == ("1", ("cloudevents",), False)


def test_an_event_without_data_has_only_headers() -> None:
    message = to_binary_event(CloudEvent(dict(_READY), None))
    record = _sent(message)
    assert (record.body, record.headers["ce-type"]) == (None, "shop.order.ready")


def test_the_same_record_read_twice_is_the_same_event() -> None:
    value = json.dumps({"specversion": "1.0", "id": "1", "source": "/till", "type": "ready", "data": {}}).encode()
    assert opened(Sent(value)) == opened(Sent(value))
    assert "ce-time" not in opened(Sent(value)).headers


_STRUCTURED: Final = {"content-type": "application/cloudevents+json"}
_EVENT: Final = {"specversion": "1.0", "id": "1", "source": "/till", "type": "ready"}


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ([_EVENT], "a batch is not supported"),
        ({"specversion": "1.0", "type": "ready"}, "attribute source, id is missing"),
        (_EVENT | {"specversion": "2.0"}, "specversion '2.0'"),
        (_EVENT | {"data_base64": "no base64!"}, "data_base64 is not base64"),
        (_EVENT | {"data_base64": 17}, "data_base64 is not base64"),
        (_EVENT | {"specversion": "0.3", "datacontentencoding": "base64", "data": "%"}, "data is not base64"),
    ],
)
def test_a_structured_event_that_breaks_the_specification_is_refused(event: Any, message: str) -> None:
    refusal = refused(Sent(json.dumps(event).encode(), _STRUCTURED))
    assert (refusal.reason, refusal.detail.startswith("cloudevents: "), message in refusal.detail) == (
        "bad_envelope",
        True,
        True,
    )


def test_a_binary_event_without_its_id_is_refused() -> None:
    refusal = refused(Sent(b"{}", {"ce_specversion": "1.0", "ce_type": "ready", "ce_source": "/till"}))
    assert "attribute id is missing" in refusal.detail
