"""Examples of WooCommerce and Uber Direct as they would come, beside what each becomes by itself (samples/)."""

from __future__ import annotations

from typing import Any

from schemas.events import Clock
from streams.adapters.decoding import decode
from streams.adapters.feed_records import AdaptedRecord, OpenedRecord
from streams.adapters.vendors import load
from streams.cli.event_text import adapted_text, event_text
from tests.shared import sample


def adapted(adapter: str, name: str, headers: dict[str, str] | None = None, **changed: Any) -> AdaptedRecord:
    """Return the result of a sample in which some fields have other values."""
    return load(adapter).adapt(OpenedRecord(decode(sample(name)) | changed, headers or {}))


def test_an_order_of_woocommerce_is_the_same_pushed_or_fetched() -> None:
    headers = {"x-wc-webhook-topic": "order.created", "x-wc-webhook-source": "https://example.com/"}
    pushed = adapted("woocommerce", "woocommerce_order_created_docs.json", headers)
    assert pushed.events
    assert pushed == adapted("woocommerce", "woocommerce_order_retrieved_docs.json")


def test_a_deleted_order_of_woocommerce_is_cancelled_after_its_completion() -> None:
    headers = {"x-wc-webhook-topic": "order.deleted", "x-wc-webhook-source": "https://example.com/"}
    record = adapted("woocommerce", "woocommerce_order_deleted_docs.json", headers)
    assert (
        "\n" + adapted_text(record)
        == """
occurred at           case                         subject  event                           location     staff
2017-03-22T19:28:02Z  woocommerce:example.com:727           step_reached placed             example.com
2017-03-22T19:30:35Z  woocommerce:example.com:727           promises_stated: nothing        example.com
2017-03-22T19:30:35Z  woocommerce:example.com:727           step_reached delivered (proxy)  example.com
2017-03-22T19:30:35Z  woocommerce:example.com:727           cancelled by us                 example.com
"""
    )


def test_a_delivery_of_uber_direct_is_promised_by_its_windows() -> None:
    record = adapted("uberdirect", "inferred/uberdirect_event_delivery_status_INFERRED.json", live_mode=True)
    windows, step = (event for event in record.events if not isinstance(event, Clock))
    assert event_text(windows).split(", ") == [
        "promises_stated: picked_up from 2023-01-01T00:05:00Z to 2023-01-01T00:25:00Z",
        "delivered from 2023-01-01T00:05:00Z to 2023-01-01T00:50:00Z",
    ]
    assert event_text(step) == "step_reached picked_up"
    assert step.case == windows.case == "uberdirect:ext_123"
    assert step.subject == windows.subject == "del_v5Fa7dJfRz-oInZLWGCvlQ"
