"""What becomes of the samples beside the repository (../shared/pos), of an open licence or our own, in tables.

The tests beside the adapters have payloads of ours for whatever the vendors' own samples may not be used for.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any
from urllib.parse import parse_qs

import pytest

from schemas.events import CaseEvent, Clock
from schemas.instants import instant
from streams.feeds.adapters import load_with
from streams.feeds.adapting.showing import as_text, what
from streams.feeds.adapting.times import written
from streams.feeds.decoding import decode
from streams.feeds.deliveries import Adapted, Opened

_SAMPLES = Path(__file__).parents[4] / "shared" / "pos"
_ARRIVED = instant(datetime(2026, 3, 6, 12, 0, tzinfo=UTC))


def sample(name: str) -> Any:
    file = _SAMPLES / f"{name}.json"
    if not file.is_file():
        pytest.skip(f"the sample {name} is not beside the repository (../shared/pos)")
    return decode(file.read_bytes())


def adapted(adapter: str, body: Any, headers: dict[str, str] | None = None) -> Adapted:
    return load_with(adapter, {}, {}).adapt(Opened(body, headers or {}, received_at=_ARRIVED))


def events_of(adapter: str, body: Any, headers: dict[str, str] | None = None) -> list[CaseEvent]:
    return [event for event in adapted(adapter, body, headers).events if not isinstance(event, Clock)]


def table(text: str) -> str:
    return dedent(text).lstrip("\n")


@pytest.mark.parametrize("name", ["created", "retrieved"])
def test_an_order_of_woocommerce_is_the_same_pushed_or_fetched_and_promises_nothing(name: str) -> None:
    events = events_of("woocommerce", sample(f"woocommerce_order_{name}_docs"))
    assert as_text(events) == table("""
        occurred at           case                         subject  what                      location     staff
        2017-03-22T19:28:02Z  woocommerce:example.com:727           step_reached placed       example.com
        2017-03-22T19:28:08Z  woocommerce:example.com:727           promises_stated: nothing  example.com
    """)


def test_an_order_of_woocommerce_that_was_completed_and_is_deleted_long_after() -> None:
    headers = {"x-wc-webhook-topic": "order.deleted", "x-wc-webhook-source": "https://example.com/"}
    events = events_of("woocommerce", sample("woocommerce_order_deleted_docs"), headers)
    assert as_text(events) == table("""
        occurred at           case                         subject  what                          location     staff
        2017-03-22T19:28:02Z  woocommerce:example.com:727           step_reached placed           example.com
        2017-03-22T19:30:35Z  woocommerce:example.com:727           promises_stated: nothing      example.com
        2017-03-22T19:30:35Z  woocommerce:example.com:727           step_reached delivered proxy  example.com
        2026-03-06T12:00:00Z  woocommerce:example.com:727           cancelled us                  example.com
    """)


def test_a_refund_of_woocommerce_is_of_the_order_that_its_links_name() -> None:
    events = events_of("woocommerce", sample("woocommerce_refund_created_docs"))
    assert as_text(events) == table("""
        occurred at           case                         subject  what                   location     staff
        2017-03-21T20:07:11Z  woocommerce:example.com:723           step_reached refunded  example.com  1 refunder
    """)


def test_a_delivery_of_uber_direct_whose_windows_end_as_it_is_ordered_was_promised_nothing() -> None:
    events = events_of("uberdirect", sample("uberdirect_delivery_created_sdk_fixture"))
    assert as_text(events) == table("""
        occurred at           case                subject                     what                      location  staff
        2023-01-01T00:00:00Z  uberdirect:ext_123  del_v5Fa7dJfRz-oInZLWGCvlQ  step_reached placed       Store123
        2023-01-01T00:00:00Z  uberdirect:ext_123  del_v5Fa7dJfRz-oInZLWGCvlQ  promises_stated: nothing  Store123
    """)


def test_a_delivery_of_uber_direct_that_a_courier_picked_up() -> None:
    body = sample("inferred/uberdirect_event_delivery_status_INFERRED")
    assert adapted("uberdirect", body).ignored == "test delivery"
    windows, step = events_of("uberdirect", body | {"live_mode": True})
    assert what(windows).split(", ") == [
        "promises_stated: picked_up 2023-01-01T00:05:00Z to 2023-01-01T00:25:00Z",
        "delivered 2023-01-01T00:05:00Z to 2023-01-01T00:50:00Z",
    ]
    assert as_text([step]) == table("""
        occurred at           case                subject                     what                    location  staff
        2023-01-01T00:12:00Z  uberdirect:ext_123  del_v5Fa7dJfRz-oInZLWGCvlQ  step_reached picked_up  Store123
    """)


def test_a_sale_of_lightspeed_x_in_a_form() -> None:
    captured = sample("inferred/lightspeedx_sale_update_form_encoded_INFERRED")
    body = decode(parse_qs(captured["body"])["payload"][0].encode())
    events = events_of("lightspeed-x", body)
    assert {event.case for event in events} == {"lightspeed-x:87d6ec9a-572b-d8c1-5fd6-d0656c032d7c"}
    assert [f"{written(event.occurred_at)} {what(event)}" for event in events] == [
        "2026-03-06T12:00:00Z promises_stated: nothing",
        "2026-03-06T12:00:00Z step_reached closed status_change",
    ]
