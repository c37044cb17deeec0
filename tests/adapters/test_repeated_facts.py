"""Vendors tell one fact many times, in other shapes and later: it is one event, under one id."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from schemas.events import CaseEvent, Clock, StepReached
from schemas.instants import from_datetime
from streams.adapters.feed_records import OpenedRecord
from streams.adapters.vendors import load_with


def told(adapter: str, body: dict[str, Any], headers: dict[str, str] | None = None, minute: int = 0) -> list[CaseEvent]:
    received = from_datetime(datetime(2026, 3, 6, 13, minute, tzinfo=UTC))
    made = load_with(adapter, {}, {}).adapt(OpenedRecord(body, headers or {}, received_at=received))
    return [event for event in made.events if not isinstance(event, Clock)]


def ids(events: list[CaseEvent]) -> set[tuple[str, str]]:
    return {(event.case, event.id) for event in events}


def step(events: list[CaseEvent], name: str) -> StepReached:
    return next(event for event in events if isinstance(event, StepReached) and event.step == name)


def test_deliverect_tells_a_status_alone_and_again_in_the_order() -> None:
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
    assert ids(told("deliverect", alone)) < ids(told("deliverect", order))


def test_woocommerce_pushes_an_order_twice_and_somebody_fetches_it_later() -> None:
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
        told("woocommerce", order, {"x-wc-webhook-topic": topic, "x-wc-webhook-source": "https://shop.example/"})
        for topic in ("order.created", "order.updated")
    )
    assert created == updated
    assert ids(told("woocommerce", order | links, minute=50)) == ids(created)


def test_doordash_repeats_when_it_was_picked_up_and_a_retry_is_the_same() -> None:
    picked_up = {
        "event_name": "DASHER_PICKED_UP",
        "external_delivery_id": "order-7",
        "created_at": "2026-03-06T12:12:00Z",
        "pickup_time_actual": "2026-03-06T12:11:48Z",
    }
    dropped_off = picked_up | {"event_name": "DASHER_DROPPED_OFF", "created_at": "2026-03-06T12:38:22Z"}
    assert ids(told("doordash", picked_up)) == ids(told("doordash", picked_up, minute=30))
    assert ids(told("doordash", picked_up)) < ids(told("doordash", dropped_off))


def test_a_status_of_lightspeed_k_that_comes_twice_is_reached_when_it_first_came() -> None:
    status = {"thirdPartyReference": "order-7", "businessLocationId": 9, "status": "READY_FOR_PICKUP", "type": "ORDER"}
    first, again = (step(told("lightspeed-k", status, minute=minute), "ready") for minute in (2, 9))
    assert first.occurred_at < again.occurred_at
    assert first.id != again.id
