"""Events in one line each, as somebody at a terminal reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.reading import Refused, read_event
from streams.cli.event_text import line, refused_line

_OCCURRED = "2026-03-06T12:38:04.250Z"


def _shown(type: str, **fields: Any) -> str:
    common = {"id": "e-1", "case": "square:o-17", "occurred_at": _OCCURRED} if type != "clock" else {}
    return line(read_event(json.dumps({"type": type, **common, **fields}).encode())).plain


@pytest.mark.parametrize(
    ("type", "fields", "said"),
    [
        (
            "promises_made",
            {"promises": [{"kind": "ready", "due": "2026-03-06T12:40:00Z", "origin": "spoken"}]},
            "ready by 2026-03-06T12:40:00Z (spoken)",
        ),
        (
            "promises_made",
            {
                "promises": [
                    {"kind": "paid", "ordinal": 2, "due": "2026-03-06T13:00:00Z"},
                    {"kind": "delivered", "opens": "2026-03-06T12:00:00+01:00", "due": "2026-03-06T13:00:00+01:00"},
                ]
            },
            "paid 2 by 2026-03-06T13:00:00Z, delivered from 2026-03-06T11:00:00Z to 2026-03-06T12:00:00Z",
        ),
        ("promises_made", {}, "nothing"),
        (
            "promises_stated",
            {"promises": [{"kind": "ready", "due": "2026-03-06T12:40:00Z"}]},
            "ready by 2026-03-06T12:40:00Z",
        ),
        ("step_reached", {"step": "delivered", "quality": "proxy"}, "delivered (proxy)"),
        ("step_reached", {"step": "ready"}, "ready"),
        ("step_undone", {"step": "ready"}, "ready"),
        (
            "promise_amended",
            {"kind": "ready", "due": "2026-03-06T12:50:00Z", "by": "us"},
            "ready now by 2026-03-06T12:50:00Z, us wanted it",
        ),
        ("promise_withdrawn", {"kind": "ready", "by": "customer"}, "ready, customer wanted it"),
        ("hold_started", {"reason": "no courier", "caused_by": "us"}, "no courier, by us"),
        ("hold_ended", {"reason": "no courier"}, "no courier"),
        ("cancelled", {"by": "customer"}, "by customer"),
        ("correction", {"corrects": "e-0"}, "e-0: never happened"),
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
            "e-0: is step_reached ready at 2026-03-06T12:37:00Z",
        ),
    ],
)
def test_each_event_says_when_of_which_case_and_what(type: str, fields: dict[str, Any], said: str) -> None:
    assert _shown(type, **fields) == f"2026-03-06T12:38:04Z  square:o-17  {type}  {said}"


def test_an_event_says_where_by_whom_and_from_which_feed() -> None:
    where: dict[str, Any] = {"location": "main-street", "source": "square", "subject": "line-2"}
    told = _shown("step_reached", step="ready", staff={"id": "s-7", "role": "cook"}, **where)
    assert told.endswith("square:o-17 line-2  step_reached  ready  at main-street  by s-7 (cook)  from square")
    assert _shown("staff_assigned", staff={"id": "s-7"}).endswith("staff_assigned  by s-7")


def test_a_clock_record_says_how_far_its_source_is_read() -> None:
    told = _shown("clock", source="square", at="2026-03-06T12:40:00Z")
    assert told == "2026-03-06T12:40:00Z  clock  square is read up to 2026-03-06T12:40:00Z, its partition 0"


def test_what_is_no_event_says_where_it_stands_and_why() -> None:
    told = refused_line(Refused("not_json", "the end is missing"), "square:o-17", "0@12").plain
    assert told == "0@12  square:o-17  refused  not_json: the end is missing"


def test_nobody_who_writes_an_event_moves_the_cursor_of_who_reads_it() -> None:
    told = _shown("step_reached", step="\x1b[2J[red]ready\x07\u202e\n", location="\x1b]0;owned\x07")
    assert told.isprintable()
    assert "\\x1b[2J[red]ready" in told


def test_the_first_day_that_can_be_written_is_shown_in_its_own_zone() -> None:
    assert _shown("step_reached", step="ready", occurred_at="0001-01-01T00:00:00+01:00").startswith("0001-01-01")
