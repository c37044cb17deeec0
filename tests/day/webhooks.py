"""The webhooks of vendors for an order: one at each change, most of them with the whole order.

Shapes by the vendors' public documentation (field names alone; all values are of the simulated day).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from schemas.instants import Instant, format_instant, to_datetime
from tests.day.orders import SERVER, Order, Vendor

SECRET: Final = "of-the-day"
"""The secret with which every vendor signs."""

SQUARE_URL: Final = "https://pos.example.com/square"
"""The URL of the webhook as Square knows it, which is signed too."""

SHOPIFY_SHOP: Final = "day.myshopify.example"


class Webhook(NamedTuple):
    """A request as a vendor sends it. at: when; version: the number of the order's change."""

    vendor: Vendor
    order: str
    version: int
    at: Instant
    body: bytes
    headers: dict[str, str]


def webhooks(order: Order) -> Iterator[Webhook]:
    """Yield all webhooks of `order`, in order."""
    for version, at in enumerate(order.changes, 1):
        yield from _SENT[order.vendor](order, version, at)


def fetched(order: Order, version: int) -> bytes:
    """Return the response of the vendor's API for a thin webhook: a Square order, or a Shopify fulfilment order."""
    at = order.changes[version - 1]
    if order.vendor == "square":
        return msgspec.json.encode({"order": _square_order(order, version, at)})
    return msgspec.json.encode({"fulfillment_order": _shopify_work(order, at)})


def _square(order: Order, version: int, at: Instant) -> Iterator[Webhook]:
    """Yield the webhook of Square, which is thin: the order and the version."""
    what = "order_created" if version == 1 else "order_updated"
    order_fields = {
        "order_id": order.id,
        "version": version,
        "location_id": order.location,
        "state": "OPEN",
        "created_at": format_instant(order.placed),
    }
    if version > 1:
        order_fields["updated_at"] = format_instant(at)
    body = msgspec.json.encode(
        {
            "merchant_id": "M-DAY",
            "type": what.replace("_", ".", 1),
            "event_id": f"{order.id}-{version}",
            "created_at": format_instant(at),
            "data": {"type": what, "id": order.id, "object": {what: order_fields}},
        }
    )
    signature = _base64(SQUARE_URL.encode() + body)
    yield Webhook("square", order.id, version, at, body, {"x-square-hmacsha256-signature": signature})


def _square_order(order: Order, version: int, at: Instant) -> dict[str, Any]:
    ready, picked_up = order.reached("ready", at), order.reached("picked_up", at)
    is_cancelled = order.cancelled is not None and order.cancelled <= at
    details = {
        "schedule_type": "SCHEDULED",
        "pickup_at": format_instant(order.due(at)),
        "placed_at": format_instant(order.placed),
        "ready_at": _shown(ready),
        "picked_up_at": _shown(picked_up),
        "canceled_at": _shown(order.cancelled if is_cancelled else None),
    }
    state = "CANCELED" if is_cancelled else "COMPLETED" if picked_up else "PREPARED" if ready else "PROPOSED"
    return {
        "id": order.id,
        "location_id": order.location,
        "source": {"name": "Day"},
        "created_at": format_instant(order.placed),
        "updated_at": format_instant(at),
        "state": "CANCELED" if is_cancelled else "COMPLETED" if picked_up else "OPEN",
        "version": version,
        "fulfillments": [
            {
                "uid": f"f-{order.id}",
                "type": "PICKUP",
                "state": state,
                "pickup_details": {name: value for name, value in details.items() if value is not None},
            }
        ],
    }


def _toast(order: Order, version: int, at: Instant) -> Iterator[Webhook]:
    """Yield the webhooks of Toast: the whole order, and a status for each step."""
    is_voided = order.cancelled is not None and order.cancelled <= at
    order_fields = {
        "guid": order.id,
        "entityType": "Order",
        "source": "API",
        "createdDate": _toast_time(order.placed),
        "openedDate": _toast_time(order.due(at)),
        "modifiedDate": _toast_time(at),
        "promisedDate": _toast_time(order.due(at)),
        "estimatedFulfillmentDate": _toast_time(at),
        "voided": is_voided,
        "voidDate": _toast_time(order.cancelled) if is_voided and order.cancelled else None,
        "deleted": False,
        "deletedDate": "1970-01-01T00:00:00.000+0000",
        "server": {"guid": SERVER, "entityType": "RestaurantUser"},
        "checks": [],
    }
    yield _of_toast(order, version, at, "order_updated", "order_updated", {"order": order_fields})
    for step, status in (("started", "IN_PREPARATION"), ("ready", "READY_FOR_PICKUP")):
        if order.reached(step, at) == at:
            details = {
                "eventGuid": f"{order.id}-{version}-{step}",
                "orderGuid": order.id,
                "guestOrderStatus": status,
                "lastUpdated": format_instant(at),
                "version": None,
            }
            yield _of_toast(order, version, at, "guest_order_status", "guestOrderStatusUpdated", details)


def _of_toast(order: Order, version: int, at: Instant, category: str, type: str, details: dict[str, Any]) -> Webhook:
    said = format_instant(at)
    body = msgspec.json.encode(
        {
            "timestamp": said,
            "eventCategory": category,
            "eventType": type,
            "guid": f"{order.id}-{version}-{category}",
            "details": {"restaurantGuid": order.location, **details},
        }
    )
    return Webhook("toast", order.id, version, at, body, {"toast-signature": _base64(body + said.encode())})


def _shopify(order: Order, version: int, at: Instant) -> Iterator[Webhook]:
    """Yield the webhooks of Shopify: the order, the events of the parcel, and thin ones of fulfilment orders."""
    number = int(order.id)
    is_cancelled = order.cancelled is not None and order.cancelled <= at
    reason = "customer" if order.cancelled_by == "customer" else "inventory"
    order_fields = {
        "id": number,
        "name": f"#{order.id}",
        "created_at": _shopify_time(order.placed),
        "updated_at": _shopify_time(at),
        "cancelled_at": _shopify_time(order.cancelled) if is_cancelled and order.cancelled else None,
        "cancel_reason": reason if is_cancelled else None,
        "source_name": "web",
        "location_id": None,
        "user_id": None,
        "test": False,
        "fulfillments": [],
        "note_attributes": [],
    }
    topic = "orders/create" if version == 1 else "orders/cancelled" if is_cancelled else "orders/updated"
    yield _of_shopify(order, version, at, topic, order_fields)
    if any(dated.at == at for dated in order.promised):
        thin = {"id": f"gid://shopify/FulfillmentOrder/{number * 10}", "status": "open"}
        yield _of_shopify(order, version, at, "fulfillment_orders/rescheduled", {"fulfillment_order": thin})
    for step, when in order.steps:
        if when == at:
            happened = {
                "id": number * 10 + version,
                "fulfillment_id": number * 10,
                "order_id": number,
                "status": step,
                "happened_at": _shopify_time(at),
                "created_at": _shopify_time(at),
                "estimated_delivery_at": _shopify_time(at),
            }
            yield _of_shopify(order, version, at, "fulfillment_events/create", happened)


def _shopify_work(order: Order, at: Instant) -> dict[str, Any]:
    number = int(order.id)
    return {
        "id": number * 10,
        "order_id": number,
        "assigned_location_id": int(order.location),
        "status": "open",
        "created_at": _shopify_time(order.placed),
        "updated_at": _shopify_time(at),
        "fulfill_at": None,
        "delivery_method": {
            "method_type": "local",
            "min_delivery_date_time": None,
            "max_delivery_date_time": _shopify_time(order.due(at)),
        },
    }


def _of_shopify(order: Order, version: int, at: Instant, topic: str, resource: dict[str, Any]) -> Webhook:
    body = msgspec.json.encode(resource)
    headers = {
        "x-shopify-topic": topic,
        "x-shopify-shop-domain": SHOPIFY_SHOP,
        "x-shopify-event-id": f"{order.id}-{version}-{topic}",
        "x-shopify-hmac-sha256": _base64(body),
    }
    return Webhook("shopify", order.id, version, at, body, headers)


_SENT: Final = {"square": _square, "toast": _toast, "shopify": _shopify}


def _shown(at: Instant | None) -> str | None:
    return None if at is None else format_instant(at)


def _toast_time(at: Instant) -> str:
    return format_instant(at).replace("Z", "+0000")


def _shopify_time(at: Instant) -> str:
    """Return a time in the shop's own zone, as Shopify writes it; here to the millisecond."""
    return to_datetime(at - 5 * 3_600_000).isoformat(timespec="milliseconds").replace("+00:00", "-05:00")


def _base64(signed: bytes) -> str:
    return base64.b64encode(hmac.digest(SECRET.encode(), signed, hashlib.sha256)).decode()
