"""Manual events as programs post them, and the canonical events that they become."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from schemas.events import TAGS
from schemas.instants import parse_instant
from schemas.reading import Refused
from streams.gateway.manual_events import MANUAL_EVENTS, event_of

NOON = parse_instant("2026-03-06T12:00:00Z")


def event(name: str, **fields: Any) -> dict[str, Any]:
    """Return the fields of the event of a manual event, without those that all have."""
    record = event_of(MANUAL_EVENTS[name], json.dumps({"case": "o-7"} | fields).encode(), "e1", NOON)
    values: dict[str, Any] = {"type": TAGS[type(record)], **msgspec.to_builtins(record)}
    common = {"id": "e1", "case": "o-7", "source": "gateway", "received_at": "2026-03-06T12:00:00Z"}
    assert common.items() <= values.items()
    return {key: value for key, value in values.items() if key not in common}


AT_NOON = {"occurred_at": "2026-03-06T12:00:00Z"}


def test_a_promise_within_twenty_minutes_is_due_twenty_minutes_from_now() -> None:
    assert event("promises", kind="ready", within="20m", staff="b17", location="soho") == AT_NOON | {
        "type": "promises_made",
        "location": "soho",
        "staff": {"id": "b17"},
        "promises": [{"kind": "ready", "due": "2026-03-06T12:20:00Z", "origin": "spoken"}],
    }


def test_a_promise_made_an_hour_ago_is_due_from_then() -> None:
    fields = {"kind": "acknowledged", "within": "2h", "occurred_at": "2026-03-06T12:00:00+01:00"}
    made = event("promises", **fields)
    assert made["occurred_at"] == "2026-03-06T11:00:00Z"
    assert made["promises"][0]["due"] == "2026-03-06T13:00:00Z"


def test_all_fields_of_a_promise_are_kept() -> None:
    made = event(
        "promises",
        kind="delivered",
        opens="2026-03-06T14:00:00Z",
        due="2026-03-06T16:00:00Z",
        origin="written",
        ordinal=2,
        subject="parcel 2",
        channel="phone",
        segment="new",
        staff={"id": "b17", "role": "barista"},
    )
    assert (made["subject"], made["channel"], made["segment"]) == ("parcel 2", "phone", "new")
    assert made["staff"] == {"id": "b17", "role": "barista"}
    assert made["promises"] == [
        {"kind": "delivered", "opens": "2026-03-06T14:00:00Z", "due": "2026-03-06T16:00:00Z", "ordinal": 2}
    ]


def test_a_fulfilment_reaches_the_step_named_like_the_kind_unless_it_names_another() -> None:
    assert event("fulfilments", kind="ready") == AT_NOON | {"type": "step_reached", "step": "ready"}
    assert event("fulfilments", kind="ready", step="picked_up")["step"] == "picked_up"
    assert event("fulfilments", step="ready", undone=True)["type"] == "step_undone"


def test_a_promise_is_amended_withdrawn_or_cancelled_with_the_case() -> None:
    assert event("amendments", kind="ready", within="5m", by="customer") == AT_NOON | {
        "type": "promise_amended",
        "kind": "ready",
        "due": "2026-03-06T12:05:00Z",
        "by": "customer",
    }
    assert event("withdrawals", kind="ready", by="us") == AT_NOON | {
        "type": "promise_withdrawn",
        "kind": "ready",
        "by": "us",
    }
    assert event("cancellations", by="customer") == AT_NOON | {"type": "cancelled", "by": "customer"}


@pytest.mark.parametrize(
    ("name", "fields", "reason", "detail"),
    [
        ("promises", {"kind": "ready"}, "bad_value", "write either due"),
        ("promises", {"kind": "ready", "within": "5m", "due": "2026-03-06T16:00:00Z"}, "bad_value", "write either due"),
        ("promises", {"kind": "ready", "within": "soon"}, "bad_value", "within = 'soon': write a length of time"),
        ("promises", {"kind": "ready", "due": "2026-03-06T11:00:00Z"}, "due_before_made", "lies before occurred_at"),
        ("promises", {"kind": "ready", "due": "1970-01-01T00:00:00Z"}, "bad_time", "due: 1970-01-01"),
        ("promises", {"kind": "ready", "due": "12:40"}, "bad_time", "`$.due`"),
        (
            "promises",
            {"kind": "ready", "within": "5m", "occured_at": "2026-03-06T12:00:00Z"},
            "bad_value",
            "occured_at",
        ),
        ("promises", {"kind": "", "within": "5m"}, "bad_value", "`$.kind`"),
        ("promises", {"within": "5m"}, "bad_value", "`kind`"),
        ("promises", {"case": "", "kind": "ready", "within": "5m"}, "no_case", "`$.case`"),
        ("fulfilments", {}, "bad_value", "write the step that was reached, or the kind"),
        ("cancellations", {"by": "the cat"}, "bad_value", "by"),
        ("amendments", {"kind": "ready", "within": "5m"}, "bad_value", "`by`"),
    ],
)
def test_an_invalid_manual_event_is_refused_with_its_reason(
    name: str, fields: dict[str, Any], reason: str, detail: str
) -> None:
    with pytest.raises(Refused) as caught:
        event(name, **fields)
    assert caught.value.reason == reason
    assert detail in caught.value.detail


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"case": "\xff"}'])
def test_text_that_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(Refused, match="not_json"):
        event_of(MANUAL_EVENTS["promises"], body, "e1", NOON)
