"""What Shopify's own examples become, as tables. None of them has a delivery window, so none promises anything."""

from __future__ import annotations

from schemas.instants import parse
from streams.feeds.adapters import load
from streams.feeds.adapting.showing import as_text
from streams.feeds.decoding import decode
from streams.feeds.deliveries import Opened
from tests.feeds.samples import sample, table

ARRIVED = parse("2024-01-02T15:06:40Z")
"""Of snapshots that say no time themselves."""


def test_an_order_is_placed() -> None:
    assert (
        table("shopify", "shopify_order_created_api_ruby_sdk.json")
        == """
occurred at           case                subject  what                 location  staff
2024-01-02T14:04:31Z  shopify:1073459975           step_reached placed
"""
    )


def test_an_order_whose_parcel_failed_was_placed_and_not_sent() -> None:
    assert (
        table("shopify", "shopify_order_created_api_python_sdk.json")
        == """
occurred at           case               subject  what                 location  staff
2008-01-10T16:00:00Z  shopify:450789469           step_reached placed
"""
    )


def test_an_order_that_was_marked_as_sent_at_once() -> None:
    assert (
        table("shopify", "shopify_order_fulfilled_api_ruby_sdk.json")
        == """
occurred at           case                subject  what                                location  staff
2024-01-02T14:03:44Z  shopify:1073459965           step_reached placed
2024-01-02T14:03:44Z  shopify:1073459965           step_reached shipped status_change  24826418
"""
    )


def test_an_order_of_which_money_went_back() -> None:
    assert (
        table("shopify", "shopify_order_retrieved_api_ruby_sdk.json")
        == """
occurred at           case               subject  what                                 location  staff
2008-01-10T16:00:00Z  shopify:450789469           step_reached placed
2024-01-02T13:59:11Z  shopify:450789469           step_reached refunded status_change            548380009 refunder
"""
    )


def test_lines_are_marked_as_sent() -> None:
    assert (
        table("shopify", "shopify_fulfillment_created_api_ruby_sdk.json")
        == """
occurred at           case               subject  what                                location  staff
2024-01-02T14:02:00Z  shopify:450789469           step_reached shipped status_change  24826418
"""
    )


def test_a_fulfilment_is_cancelled_so_it_was_not_sent_after_all() -> None:
    assert (
        table("shopify", "shopify_fulfillment_cancelled_api_ruby_sdk.json")
        == """
occurred at           case               subject  what                                location  staff
2024-01-02T13:59:11Z  shopify:450789469           step_reached shipped status_change  24826418
2024-01-02T14:01:46Z  shopify:450789469           step_undone shipped                 24826418
"""
    )


def test_the_carrier_has_the_parcel() -> None:
    assert (
        table("shopify", "shopify_fulfillment_event_in_transit_api_ruby_sdk.json")
        == """
occurred at           case               subject  what                  location  staff
2024-01-02T14:30:58Z  shopify:450789469           step_reached shipped
"""
    )


def test_a_label_is_printed_which_is_no_step_of_ours() -> None:
    assert (
        table("shopify", "shopify_fulfillment_event_label_printed_api_python_sdk.json")
        == """
occurred at           case                   subject  what                        location  staff
2021-01-25T21:32:23Z  shopify:2776493818019           step_reached label_printed
"""
    )


def test_work_without_a_delivery_window_is_promised_to_nobody() -> None:
    assert (
        table("shopify", "shopify_fulfillment_order_list_api_ruby_sdk.json")
        == """
occurred at           case               subject  what                      location  staff
2024-01-02T14:11:25Z  shopify:450789469           promises_stated: nothing  24826418
"""
    )


def test_when_the_merchant_begins_is_no_promise() -> None:
    assert (
        table("shopify", "shopify_fulfillment_order_rescheduled_api_ruby_sdk.json", received_at=ARRIVED)
        == """
occurred at           case               subject  what                      location  staff
2024-01-02T15:06:40Z  shopify:450789469           promises_stated: nothing  24826418
"""
    )


def test_work_waits_for_goods() -> None:
    assert (
        table("shopify", "shopify_fulfillment_order_on_hold_api_ruby_sdk.json", received_at=ARRIVED)
        == """
occurred at           case               subject  what                                 location  staff
2024-01-02T15:06:40Z  shopify:450789469           promises_stated: nothing             24826418
2024-01-02T15:06:40Z  shopify:450789469           hold_started inventory_out_of_stock  24826418
"""
    )


def test_money_goes_back() -> None:
    assert (
        table("shopify", "shopify_refund_created_api_ruby_sdk.json")
        == """
occurred at           case               subject  what                                 location  staff
2024-01-02T14:01:02Z  shopify:450789469           step_reached refunded status_change
"""
    )


def test_somebody_gives_money_back() -> None:
    assert (
        table("shopify", "shopify_refund_api_python_sdk.json")
        == """
occurred at           case               subject  what                                 location  staff
2016-06-20T17:35:06Z  shopify:450789469           step_reached refunded status_change            799407056 refunder
"""
    )


def test_a_snapshot_of_an_order_in_which_nothing_changed_makes_the_same_events_under_the_same_ids() -> None:
    before, after = (
        load("shopify").adapt(Opened(decode(sample(f"shopify_order_{name}_api_ruby_sdk.json").read_bytes())))
        for name in ("retrieved", "updated")
    )
    assert before == after


def test_a_webhook_that_a_proxy_captured_has_its_topic_in_the_header() -> None:
    captured = decode(sample("inferred/http_capture_envelope_INFERRED.json").read_bytes())
    opened = Opened(decode(captured["body"].encode()), captured["headers"], received_at=parse(captured["receivedAt"]))
    assert (
        f"\n{as_text(load('shopify').adapt(opened).events)}"
        == """
occurred at           case                subject  what                 location  staff
2024-01-02T14:04:31Z  shopify:1073459975           step_reached placed
"""
    )
