"""Tests of events as one line of text."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from schemas.reading import Refused, read_event
from streams.cli.event_text import event_line, refused_line

_OCCURRED = "2026-03-06T12:38:04.250Z"


def _shown(type: str, **fields: Any) -> str:
    common = {"id": "e-1", "case": "square:o-17", "occurred_at": _OCCURRED} if type != "clock" else {}
    return event_line(read_event(json.dumps({"type": type, **common, **fields}).encode())).plain


@pytest.mark.parametrize(
    ("type", "fields", "values"),
    [
        (
            "promises_made",
            {"promises": [{"kind": "ready", "due": "2026-03-06T12:40:00Z", "origin": "spoken"}]},
            ["ready", "2026-03-06T12:40:00Z", "spoken"],
        ),
        (
            "promises_made",
            {
                "promises": [
                    {"kind": "paid", "ordinal": 2, "due": "2026-03-06T13:00:00Z"},
                    {"kind": "delivered", "opens": "2026-03-06T12:00:00+01:00", "due": "2026-03-06T13:00:00+01:00"},
                ]
            },
            ["paid 2", "2026-03-06T13:00:00Z", "delivered", "2026-03-06T11:00:00Z", "2026-03-06T12:00:00Z"],
        ),
        ("promises_made", {}, ["nothing"]),
        (
            "promises_stated",
            {"promises": [{"kind": "ready", "due": "2026-03-06T12:40:00Z"}]},
            ["ready", "2026-03-06T12:40:00Z"],
        ),
        ("step_reached", {"step": "delivered", "quality": "proxy"}, ["delivered", "proxy"]),
        ("step_reached", {"step": "ready"}, ["ready"]),
        ("step_undone", {"step": "ready"}, ["ready"]),
        (
            "promise_amended",
            {"kind": "ready", "due": "2026-03-06T12:50:00Z", "by": "us"},
            ["ready", "2026-03-06T12:50:00Z", "us"],
        ),
        ("promise_withdrawn", {"kind": "ready", "by": "customer"}, ["ready", "customer"]),
        ("hold_started", {"reason": "no courier", "caused_by": "us"}, ["no courier", "us"]),
        ("hold_ended", {"reason": "no courier"}, ["no courier"]),
        ("cancelled", {"by": "customer"}, ["customer"]),
        ("correction", {"corrects": "e-0"}, ["e-0"]),
        (
            "correction",
            {
                "corrects": "e-0",
                "event": {
                    "type": "step_reached",
                    "id": "e-0",
                    "case": "square:o-17",
                    "occurred_at": "2026-03-06T12:37:00Z",
                    "step": "ready",
                },
            },
            ["e-0", "step_reached", "ready", "2026-03-06T12:37:00Z"],
        ),
    ],
)
def test_each_event_has_time_case_type_and_details(type: str, fields: dict[str, Any], values: list[str]) -> None:
    time, case, tag, details = _shown(type, **fields).split("  ")
    assert (time, case, tag) == ("2026-03-06T12:38:04Z", "square:o-17", type)
    assert _in_order(values, details)


def _in_order(values: list[str], text: str) -> bool:
    """Return whether all values are in the text, in this order, with any words between them."""
    return re.search(".*".join(map(re.escape, values)), text) is not None


def test_an_event_has_location_staff_and_source() -> None:
    where: dict[str, Any] = {"location": "main-street", "source": "square", "subject": "line-2"}
    text = _shown("step_reached", step="ready", staff={"id": "s-7", "role": "cook"}, **where)
    assert _in_order(["square:o-17 line-2  step_reached  ready", "main-street", "s-7", "cook", "square"], text)
    assert _in_order(["staff_assigned", "s-7"], _shown("staff_assigned", staff={"id": "s-7"}))


def test_a_clock_record_has_its_source_and_time() -> None:
    text = _shown("clock", source="square", at="2026-03-06T12:40:00Z")
    assert text.startswith("2026-03-06T12:40:00Z  clock  square")
    assert _in_order(["2026-03-06T12:40:00Z", "partition 0", "2026-03-06T12:40:00Z"], text)


def test_a_refused_record_has_its_position_and_reason() -> None:
    text = refused_line(Refused("not_json", "the end is missing"), "square:o-17", "0@12").plain
    assert text == "0@12  square:o-17  refused  not_json: the end is missing"


def test_control_characters_in_events_are_escaped() -> None:
    text = _shown("step_reached", step="\x1b[2J[red]ready\x07\u202e\n", location="\x1b]0;owned\x07")
    assert text.isprintable()
    assert "\\x1b[2J[red]ready" in text


def test_the_first_representable_day_is_shown_in_its_own_zone() -> None:
    assert _shown("step_reached", step="ready", occurred_at="0001-01-01T00:00:00+01:00").startswith("0001-01-01")
