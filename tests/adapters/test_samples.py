"""The events of vendors' own example payloads: a file of readable tables for each vendor, in samples/.

PROMISES_WRITE_SAMPLES=1 writes those files anew; read what changed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from schemas.instants import parse_instant
from streams.adapters.envelopes import open_envelopes
from streams.adapters.feed_records import FeedRecord, OpenedRecord
from streams.adapters.vendors import load
from streams.cli.event_text import adapted_text
from tests.shared import sample, samples

SAMPLES = {
    "lightspeed-x": ["inferred/lightspeedx_sale_update_form_encoded_INFERRED.json"],
    "shopify": [
        "shopify_fulfillment_cancelled_api_ruby_sdk.json",
        "shopify_fulfillment_created_api_ruby_sdk.json",
        "shopify_fulfillment_event_in_transit_api_ruby_sdk.json",
        "shopify_fulfillment_event_label_printed_api_python_sdk.json",
        "shopify_fulfillment_order_list_api_ruby_sdk.json",
        "shopify_fulfillment_order_on_hold_api_ruby_sdk.json",
        "shopify_fulfillment_order_rescheduled_api_ruby_sdk.json",
        "shopify_order_created_api_python_sdk.json",
        "shopify_order_created_api_ruby_sdk.json",
        "shopify_order_fulfilled_api_ruby_sdk.json",
        "shopify_order_retrieved_api_ruby_sdk.json",
        "shopify_order_updated_api_ruby_sdk.json",
        "shopify_refund_api_python_sdk.json",
        "shopify_refund_created_api_ruby_sdk.json",
    ],
    "square": [
        "inferred/square_order_full_pickup_INFERRED.json",
        "square_order_created_webhook_spec.json",
        "square_order_fulfillment_updated_webhook_spec.json",
        "square_order_retrieve_api_spec.json",
        "square_order_update_api_spec.json",
        "square_order_updated_webhook_spec.json",
        "square_payment_updated_webhook_spec.json",
        "square_refund_created_webhook_spec.json",
        "square_refund_updated_webhook_spec.json",
        "square_test_notification_webhook_sdk.json",
    ],
    "uberdirect": [
        "inferred/uberdirect_event_delivery_status_INFERRED.json",
        "uberdirect_delivery_created_sdk_fixture.json",
    ],
    "woocommerce": [
        "woocommerce_order_created_docs.json",
        "woocommerce_order_deleted_docs.json",
        "woocommerce_order_retrieved_docs.json",
        "woocommerce_refund_created_docs.json",
    ],
}
"""By adapter the samples whose licence lets us use them (classes A and X of the MANIFEST)."""

ARRIVED = parse_instant("2026-03-06T12:00:00Z")
"""Some say no time themselves."""

WITHOUT_LICENCE = {
    "lightspeedx_register_sale_public_source_trimmed.json",
    "square_order_created_draft_webhook_forum.json",
}


def opened(name: str) -> OpenedRecord:
    """A sample out of its envelopes."""
    record = open_envelopes(FeedRecord(sample(name), timestamp=ARRIVED))
    assert record is not None
    return record


def became(adapter: str) -> str:
    """Return the results of the samples of a vendor, each under its name."""
    reader = load(adapter)
    record = [(name, adapted_text(reader.adapt(opened(name), adapter))) for name in SAMPLES[adapter]]
    return "\n".join(f"{name}\n\n{text}" for name, text in record)


@pytest.mark.parametrize("adapter", SAMPLES)
def test_the_samples_of_a_vendor_become_the_reviewed_events(adapter: str) -> None:
    file = Path(__file__).parent / "samples" / f"{adapter}.txt"
    if os.environ.get("PROMISES_WRITE_SAMPLES"):
        file.write_text(became(adapter), "utf-8")
    assert became(adapter) == file.read_text("utf-8")


@pytest.mark.parametrize("adapter", SAMPLES)
def test_every_sample_with_a_suitable_licence_is_adapted(adapter: str) -> None:
    vendor = adapter.replace("-", "")
    there = {name for name in samples() if name.removeprefix("inferred/").startswith(f"{vendor}_")}
    assert there - WITHOUT_LICENCE == set(SAMPLES[adapter])
