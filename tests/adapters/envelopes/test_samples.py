"""The samples of envelopes beside the repository (../shared/pos), of an open licence or our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.instants import parse_instant
from streams.adapters.envelopes import open_envelopes
from streams.adapters.feed_records import FeedRecord, OpenedRecord
from tests.adapters.envelopes.wrapping import Sent, opened

_SAMPLES = Path(__file__).parents[4] / "shared" / "pos"
_OUTBOX_ORDER = {"id", "lineItems", "orderDate", "customerId"}


def _sample(name: str) -> bytes:
    file = _SAMPLES / f"{name}.json"
    if not file.is_file():
        pytest.skip(f"the sample {name} is not beside the repository (../shared/pos)")
    return file.read_bytes()


def _record(name: str) -> OpenedRecord:
    """A sample that tells the whole record; a value that it tells as a text is that text, all others are JSON."""
    sample: dict[str, Any] = json.loads(_sample(name))
    value = sample["value"] if isinstance(sample["value"], str) else json.dumps(sample["value"])
    record = open_envelopes(FeedRecord(value.encode(), sample["key"].encode(), sample["headers"], sample["topic"]))
    assert record is not None
    return record


def test_the_structured_cloudevent_of_the_kafka_binding_is_opened() -> None:
    record = _record("envelopes/cloudevents_kafka_structured_record_spec")
    assert record.body == "... application data encoded in XML ..."
    assert (record.id, record.key, record.topic) == ("1234-1234-1234", "mykey", "mytopic")
    assert record.headers == {
        "content-type": "application/xml",
        "ce-type": "com.example.someevent",
        "ce-source": "/mycontext/subcontext",
        "ce-id": "1234-1234-1234",
        "ce-time": "2018-04-05T03:56:24Z",
    }


def test_the_binary_cloudevent_of_the_kafka_binding_is_opened() -> None:
    sample = json.loads(_sample("envelopes/cloudevents_kafka_binary_record_spec"))
    # The specification writes "application data encoded in Avro" for the data, which are none.
    record = opened(Sent(b'{"order": 17}', sample["headers"] | {"content-type": "application/json"}))
    assert (record.body, record.id, record.envelopes) == ({"order": 17}, "1234-1234-1234", ("cloudevents",))
    assert record.headers["ce-type"] == "com.example.someevent"
    assert record.headers["ce-time"] == "2018-04-05T03:56:24Z"


def test_a_row_of_a_debezium_snapshot_is_opened() -> None:
    record = opened(Sent(_sample("envelopes/debezium_envelope_read_op_r_examples")))
    assert record.body["last_name"] == "Kretchmar"
    assert record.headers == {
        "debezium-op": "r",
        "debezium-ts": "2024-11-11T12:18:31.000Z",
        "debezium-table": "customers",
        "debezium-snapshot": "true",
    }


def test_an_updated_row_has_the_row_before_and_the_changed_columns_in_headers() -> None:
    record = opened(Sent(_sample("envelopes/debezium_envelope_update_op_u_examples")))
    assert record.body["first_name"] == "Sarah"
    assert json.loads(record.headers["debezium-before"])["first_name"] == "Sally"
    assert record.headers["debezium-changed"] == "first_name"
    assert record.headers["debezium-ts"] == "2024-11-11T12:20:59.000Z"


def test_a_row_of_an_outbox_is_opened_to_its_payload() -> None:
    record = opened(Sent(_sample("envelopes/debezium_outbox_raw_row_docs")))
    assert record.body.keys() == _OUTBOX_ORDER
    assert record.id == "406c07f3-26f0-4eea-a50c-109940064b8f"
    assert record.envelopes == ("debezium", "outbox", "json_text")
    assert record.headers["outbox-type"] == "OrderCreated"
    # An older connector: source.ts_usec, 1556890294448870, and no source.ts_ms.
    assert record.headers["debezium-ts"] == "2019-05-03T13:31:34.448Z"


@pytest.mark.parametrize("form", ["escaped_string", "expanded"])
def test_a_routed_row_of_an_outbox_has_its_id_and_its_type_in_headers(form: str) -> None:
    value = _sample(f"envelopes/debezium_outbox_routed_value_{form}_docs")
    headers = {"id": "406c07f3-26f0-4eea-a50c-109940064b8f", "eventtype": "OrderCreated"}
    record = opened(Sent(value, headers), key=b'"1"')
    assert record.body.keys() == _OUTBOX_ORDER
    assert (record.id, record.key, record.headers) == (headers["id"], "1", headers)


def test_a_captured_webhook_has_the_headers_of_its_request() -> None:
    record = opened(Sent(_sample("inferred/http_capture_envelope_INFERRED"), {"content-type": "application/json"}))
    assert record.body == {"id": 1073459975, "created_at": "2024-01-02T09:04:31-05:00"}
    assert record.headers["x-shopify-topic"] == "orders/create"
    assert record.received_at == parse_instant("2024-01-02T14:04:32.010Z")


def test_a_captured_form_has_its_sale_in_a_field_and_the_others_as_headers() -> None:
    record = opened(Sent(_sample("inferred/lightspeedx_sale_update_form_encoded_INFERRED")))
    assert record.body == {"id": "87d6ec9a-572b-d8c1-5fd6-d0656c032d7c", "status": "CLOSED"}
    assert record.envelopes == ("http", "form")
    assert record.headers["form-domain_prefix"] == "example"
    assert record.headers["x-signature"] == "signature=<hex>, algorithm=HMAC-SHA256"


@pytest.mark.parametrize("name", ["square_order_full_pickup_INFERRED", "uberdirect_event_delivery_status_INFERRED"])
def test_a_body_without_envelope_is_the_body(name: str) -> None:
    value = _sample(f"inferred/{name}")
    record = opened(Sent(value))
    assert (record.body, record.envelopes) == (json.loads(value), ())


@pytest.mark.parametrize("names", ["square_*_spec", "shopify_*", "uberdirect_*_sdk_fixture", "woocommerce_*"])
def test_records_of_vendors_are_not_mistaken_for_envelopes(names: str) -> None:
    files = sorted(_SAMPLES.glob(f"{names}.json"))
    if not files:
        pytest.skip(f"the samples {names} are not beside the repository (../shared/pos)")
    assert {file.name: opened(Sent(file.read_bytes())).envelopes for file in files} == {file.name: () for file in files}
