"""Webhooks that came over a proxy or our gateway: captured requests, base64, forms, queries, and when they came."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from schemas.instants import parse_instant
from tests.adapters.envelopes.wrapping import ARRIVED, ORDER, Sent, opened, plain, refused

_FORM = "application/x-www-form-urlencoded"
_BODY = json.dumps(ORDER)


def test_a_record_of_the_gateway_has_the_headers_and_the_time_of_the_request() -> None:
    headers = {"x-shopify-topic": "orders/create", "promises.received_at": "2026-03-06T12:40:00.250Z"}
    record = opened(Sent(_BODY.encode(), headers))
    assert (record.body, record.received_at) == (ORDER, parse_instant("2026-03-06T12:40:00.250Z"))
    assert record.headers["x-shopify-topic"] == "orders/create"


def test_the_time_of_the_gateway_may_be_milliseconds_and_an_invalid_one_is_refused() -> None:
    assert opened(Sent(b"{}", {"promises.received_at": "1772800000250"})).received_at == 1_772_800_000_250
    refusal = refused(Sent(b"{}", {"promises.received_at": "noon"}))
    assert (refusal.reason, "promises.received_at 'noon'" in refusal.detail) == ("bad_envelope", True)


def test_any_other_record_was_received_when_it_reached_kafka() -> None:
    assert opened(Sent(b"{}")).received_at == ARRIVED


def test_a_form_is_opened_to_the_json_in_its_field() -> None:
    record = opened(Sent(b"payload=%7B%22id%22%3A%2217%22%7D&type=sale.update", {"content-type": _FORM}))
    assert (record.body, record.headers) == ({"id": "17"}, {"form-type": "sale.update"})


def test_a_form_without_that_field_is_opened_to_its_fields() -> None:
    assert opened(Sent(b"webhook_id=17", {"content-type": f"{_FORM}; charset=UTF-8"})).body == {"webhook_id": "17"}


def test_json_with_the_content_type_of_a_form_is_json() -> None:
    assert opened(Sent(_BODY.encode(), {"content-type": _FORM})).body == ORDER


@pytest.mark.parametrize("value", [b"payload", b"payload=%ff", b"payload=1&" + b"a=1&" * 2000 + b"a=1"])
def test_a_body_that_is_not_a_form_is_refused(value: bytes) -> None:
    refusal = refused(Sent(value, {"content-type": _FORM}))
    assert (refusal.reason, refusal.detail[:10]) == ("bad_envelope", "form: not ")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Shopify-Topic": "orders/create"},
        {"X-Shopify-Topic": ["orders/paid", "orders/create"]},
        [["x-shopify-topic", "orders/create"]],
        [{"name": "X-Shopify-Topic", "value": "orders/create"}],
        [{"key": "x-shopify-topic", "value": "orders/create"}],
    ],
)
def test_a_capture_may_write_its_headers_in_many_ways(headers: Any) -> None:
    record = opened(plain({"headers": headers, "body": ORDER}))
    assert (record.body, record.headers) == (ORDER, {"x-shopify-topic": "orders/create"})


@pytest.mark.parametrize(
    "fields",
    [
        {"receivedAt": "2026-03-06T12:26:40Z"},
        {"received_at": 1_772_800_000},
        {"receivedAt": 1_772_800_000_000},
        {"requestContext": {"timeEpoch": 1_772_800_000_000}},
        {"requestContext": {"requestTimeEpoch": "1772800000000"}},
    ],
)
def test_a_capture_has_the_time_of_the_request(fields: dict[str, Any]) -> None:
    assert opened(plain({"headers": {}, "body": _BODY, **fields})).received_at == 1_772_800_000_000


def test_the_parameters_of_a_captured_request_are_headers() -> None:
    record = opened(plain({"headers": {}, "query": {"topic": "orders_updated"}, "body": _BODY}))
    assert record.headers == {"query-topic": "orders_updated"}
    record = opened(plain({"headers": {}, "queryStringParameters": {"topic": "orders_updated"}, "body": _BODY}))
    assert record.headers == {"query-topic": "orders_updated"}


@pytest.mark.parametrize("flag", [{"isBase64Encoded": True}, {}], ids=["called so", "not called so"])
def test_a_body_in_base64_is_decoded(flag: dict[str, bool]) -> None:
    body = base64.b64encode(_BODY.encode()).decode()
    assert opened(plain({"headers": {}, "body": body, **flag})).body == ORDER


def test_a_form_in_base64_is_decoded() -> None:
    body = base64.b64encode(b'payload={"id":17}').decode()
    record = opened(plain({"headers": {"Content-Type": _FORM}, "body": body, "isBase64Encoded": True}))
    assert (record.body, record.envelopes) == ({"id": 17}, ("http", "form"))


def test_the_content_type_of_the_record_is_not_that_of_the_request_in_it() -> None:
    value = json.dumps({"headers": {}, "body": _BODY}).encode()
    assert opened(Sent(value, {"content-type": _FORM})).headers == {}


def test_a_captured_request_cannot_set_headers_of_our_gateway() -> None:
    posted = {"promises.received_at": "2000-01-01T00:00:00Z", "Promises.Feed": "other"}
    value = json.dumps({"headers": posted, "body": _BODY}).encode()
    record = opened(Sent(value, {"promises.received_at": "2026-03-06T12:40:00Z"}))
    assert record.received_at == parse_instant("2026-03-06T12:40:00Z")
    assert record.headers == {"promises.received_at": "2026-03-06T12:40:00Z"}


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"headers": {}, "body": None}, "has no body"),
        ({"headers": {}, "body": ""}, "has no body"),
        ({"headers": {}, "body": "{}", "receivedAt": "noon"}, "receivedAt 'noon' is not a time"),
        ({"headers": {}, "body": "{}", "receivedAt": "1970-01-01T00:00:00Z"}, "is not a time"),
        ({"headers": {}, "body": "%", "isBase64Encoded": True}, "the body is not base64"),
        ({"headers": ["x"], "body": "{}"}, "'x' is neither a header"),
    ],
)
def test_a_capture_that_cannot_be_read_is_refused_with_the_error(request_: dict[str, Any], message: str) -> None:
    refusal = refused(plain(request_))
    assert (refusal.reason, refusal.detail.startswith("http: "), message in refusal.detail) == (
        "bad_envelope",
        True,
        True,
    )


def test_a_captured_ping_that_is_not_json_is_refused_as_not_json() -> None:
    assert refused(plain({"headers": {}, "body": "ping"})).reason == "not_json"


def test_an_order_with_headers_of_its_own_and_no_body_is_an_order() -> None:
    order = {"headers": {"till": 3}, "id": 17}
    assert opened(plain(order)).body == order
