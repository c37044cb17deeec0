"""Vendors send one fact many times, in other formats and later: it is one event with one id."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from schemas.events import CaseEvent, Clock, StepReached
from schemas.instants import from_datetime
from streams.adapters.feed_records import OpenedRecord
from streams.adapters.vendors import load_with


def events_of(
    adapter: str, body: dict[str, Any], headers: dict[str, str] | None = None, minute: int = 0
) -> list[CaseEvent]:
    received = from_datetime(datetime(2026, 3, 6, 13, minute, tzinfo=UTC))
    adapted = load_with(adapter, {}, {}).adapt(OpenedRecord(body, headers or {}, received_at=received))
    return [event for event in adapted.events if not isinstance(event, Clock)]


def ids(events: list[CaseEvent]) -> set[tuple[str, str]]:
    return {(event.case, event.id) for event in events}


def step(events: list[CaseEvent], name: str) -> StepReached:
    return next(event for event in events if isinstance(event, StepReached) and event.step == name)


def test_deliverect_sends_a_status_alone_and_again_in_the_order() -> None:
    alone = {"orderId": "6401a0", "location": "L1", "status": 70, "timeStamp": "2026-03-06T12:23:10.000000Z"}
    order = {
        "_id": "6401a0",
        "location": "L1",
        "channel": 2,
        "orderType": 1,
        "status": 90,
        "_created": "2026-03-06T12:00:00Z",
        "_updated": "2026-03-06T12:30:00Z",
        "statusHistory": [
            {"timeStamp": "2026-03-06T12:23:10Z", "status": 70},
            {"timeStamp": "2026-03-06T12:30:00Z", "status": 90},
        ],
    }
    assert ids(events_of("deliverect", alone)) < ids(events_of("deliverect", order))


def test_an_order_of_woocommerce_that_is_pushed_twice_and_fetched_later_has_the_same_ids() -> None:
    order = {
        "id": 41,
        "order_key": "wc_order_ours",
        "status": "completed",
        "date_created_gmt": "2026-03-06T11:00:02",
        "date_modified_gmt": "2026-03-06T12:20:00",
        "date_completed_gmt": "2026-03-06T12:20:00",
    }
    links = {"_links": {"self": [{"href": "https://shop.example/wp-json/wc/v3/orders/41"}]}}
    created, updated = (
        events_of("woocommerce", order, {"x-wc-webhook-topic": topic, "x-wc-webhook-source": "https://shop.example/"})
        for topic in ("order.created", "order.updated")
    )
    assert created == updated
    assert ids(events_of("woocommerce", order | links, minute=50)) == ids(created)


def test_doordash_repeats_the_pick_up_and_a_retry_has_the_same_ids() -> None:
    picked_up = {
        "event_name": "DASHER_PICKED_UP",
        "external_delivery_id": "order-7",
        "created_at": "2026-03-06T12:12:00Z",
        "pickup_time_actual": "2026-03-06T12:11:48Z",
    }
    dropped_off = picked_up | {"event_name": "DASHER_DROPPED_OFF", "created_at": "2026-03-06T12:38:22Z"}
    assert ids(events_of("doordash", picked_up)) == ids(events_of("doordash", picked_up, minute=30))
    assert ids(events_of("doordash", picked_up)) < ids(events_of("doordash", dropped_off))


def test_a_repeated_status_of_lightspeed_k_counts_from_the_first_one() -> None:
    status = {"thirdPartyReference": "order-7", "businessLocationId": 9, "status": "READY_FOR_PICKUP", "type": "ORDER"}
    first, again = (step(events_of("lightspeed-k", status, minute=minute), "ready") for minute in (2, 9))
    assert first.occurred_at < again.occurred_at
    assert first.id != again.id
