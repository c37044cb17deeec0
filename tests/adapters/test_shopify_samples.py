"""Shopify's own examples as they would come, beside what each becomes by itself (samples/shopify.txt)."""

from __future__ import annotations

from streams.adapters.decoding import decode
from streams.adapters.envelopes import open_envelopes
from streams.adapters.feed_records import FeedRecord, OpenedRecord
from streams.adapters.vendors import load
from streams.cli.event_text import adapted_text
from tests.shared import sample


def test_a_later_snapshot_of_an_unchanged_order_gives_the_same_events() -> None:
    before, after = (
        load("shopify").adapt(OpenedRecord(decode(sample(f"shopify_order_{name}_api_ruby_sdk.json"))))
        for name in ("retrieved", "updated")
    )
    assert before == after


def test_a_webhook_that_a_proxy_captured_has_its_topic_in_a_header_of_the_request() -> None:
    opened = open_envelopes(FeedRecord(sample("inferred/http_capture_envelope_INFERRED.json")))
    assert opened is not None
    assert (
        "\n" + adapted_text(load("shopify").adapt(opened))
        == """
occurred at           case                subject  event                location  staff
2024-01-02T14:04:31Z  shopify:1073459975           step_reached placed
"""
    )
