"""A Toast order that is sent back to the kitchen: the events made from its guest status, and the verdict."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.events import Clock
from schemas.instants import parse_instant
from streams.adapters.feed_records import OpenedRecord
from streams.adapters.vendors import load
from streams.cli.options import load_policies
from streams.judging.admission import admit
from streams.judging.history import History, insert
from tests.day.verdicts import stands

ORDER = {
    "guid": "O1",
    "entityType": "Order",
    "createdDate": "2026-03-06T12:00:00.000+0000",
    "modifiedDate": "2026-03-06T12:00:00.000+0000",
    "promisedDate": "2026-03-06T12:30:00.000+0000",
}


def status(word: str, clock: str) -> dict[str, Any]:
    details = {"orderGuid": "O1", "guestOrderStatus": word, "lastUpdated": f"2026-03-06T{clock}:00.000Z"}
    return {"eventCategory": "guest_order_status", "details": details}


READY, CLOSED = status("READY_FOR_PICKUP", "12:25"), status("CLOSED", "12:26")
BEGUN, BEGUN_AGAIN = status("IN_PREPARATION", "12:05"), status("IN_PREPARATION", "12:28")


def verdict_of(*bodies: dict[str, Any]) -> tuple[str, str]:
    """Return the verdict on the promise and its reason."""
    policies, history = load_policies(None), History()
    for body in bodies:
        for event in load("toast").adapt(OpenedRecord(msgspec.json.decode(msgspec.json.encode(body)))).events:
            assert not isinstance(event, Clock)
            insert(history, admit(event, policies))
    ((_, now),) = stands("toast:O1", history, policies, parse_instant("2026-03-06T18:00:00Z")).values()
    return now.verdict, now.reason


def test_an_order_that_is_ready_in_time_is_kept() -> None:
    assert verdict_of(ORDER, BEGUN, READY, CLOSED) == ("kept", "on_time")


def test_an_order_that_goes_back_to_the_kitchen_is_owed_again() -> None:
    assert verdict_of(ORDER, BEGUN, READY, CLOSED, BEGUN_AGAIN) == ("broken", "undelivered")


def test_a_reopened_order_counts_when_it_is_ready_again_in_any_order_of_messages() -> None:
    ready_again = status("READY_FOR_PICKUP", "12:35")
    assert verdict_of(ready_again, BEGUN_AGAIN, CLOSED, ORDER, READY, BEGUN) == ("broken", "late")
