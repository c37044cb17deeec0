"""Tests of `promises explain` and `promises check`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from schemas.events import Clock
from tests.cli.command import LOG_ADAPTER, LOG_POLICIES, promises, report
from tests.cli.event_files import write_events
from tests.histories import as_text, moment, order

PINNED = {
    "subject", "kind", "ordinal", "made", "due", "verdict", "reason", "lateness_seconds", "policy", "revision",
    "wake_at", "steps",
}  # fmt: skip


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the events: s1 is a minute late; s2 is open when the day ends at 12:12, and so is the amended s3."""
    put_off = order("s3").promised("ready", due="12:10", time="12:00").amended("ready", "12:05", due="12:20", by="us")
    return write_events(
        tmp_path_factory.mktemp("day") / "events.ndjson",
        order("s1").promised("ready", due="12:10", time="12:00", at="soho", staff="ada").reached("ready", "12:11:01"),
        order("s2").promised("ready", due="12:30", time="12:00"),
        put_off.reached("ready", "12:12"),
    )


def test_a_late_coffee_is_explained_step_by_step_in_json(day: Path) -> None:
    document = report("explain", day, "s1")
    assert list(document) == ["schema", "case", "promises"]
    assert (document["schema"], document["case"]) == ("promises.explain/1", "s1")
    (promise,) = document["promises"]
    assert promise.keys() >= PINNED
    assert {name: promise[name] for name in PINNED - {"revision", "steps"}} == {
        "subject": "",
        "kind": "ready",
        "ordinal": 1,
        "made": as_text("12:00"),
        "due": as_text("12:10"),
        "verdict": "broken",
        "reason": "late",
        "lateness_seconds": 61.0,
        "policy": "ready@1",
        "wake_at": None,
    }
    assert promise["revision"] == 1, "broken by the deadline, then late by the delivery"
    made, deadline, delivered = promise["steps"]
    assert all(step.keys() == {"at", "event_id", "effect"} for step in promise["steps"])
    assert [made["at"], deadline["at"], delivered["at"]] == [
        as_text("12:00"),
        "2026-03-06T12:10:00.001Z",
        as_text("12:11:01"),
    ]
    assert [step["event_id"] for step in (made, deadline, delivered)] == ["e1", None, "e2"]
    assert made["effect"].startswith("made (written): ready by 2026-03-06T12:10:00.000Z")
    assert delivered["effect"] == "delivered 61.000 s after due"


def test_a_late_coffee_is_explained_to_people(day: Path) -> None:
    answer = promises("explain", day, "s1")
    assert (answer.code, answer.err) == (0, "")
    first, due, *steps = answer.out.splitlines()
    assert first == "s1: ready: broken, late"
    assert due == "  due 2026-03-06T12:10:00.000Z, judged by ready@1"
    assert [re.match(r"  \S+Z  ", step) is not None for step in steps] == [True] * 3
    assert "the deadline passed with nothing delivered: broken  [no event]" in steps[1]


def test_an_open_promise_shows_when_it_will_change(day: Path) -> None:
    (promise,) = report("explain", day, "s2")["promises"]
    assert (promise["verdict"], promise["reason"], promise["lateness_seconds"]) == ("open", "pending", None)
    assert (promise["revision"], promise["wake_at"]) == (None, as_text("12:25")), "at risk five minutes before due"


def test_a_promise_put_off_tells_of_both_dues(day: Path) -> None:
    answer = promises("explain", day, "s3")
    assert "s3: ready: kept, on_time" in answer.out
    assert f"  due {as_text('12:20')}, judged by ready@1" in answer.out
    assert f"  originally due {as_text('12:10')}: broken, late" in answer.out


def test_an_earlier_instant_does_not_know_the_delivery(day: Path) -> None:
    (promise,) = report("explain", day, "s1", "--as-of", as_text("12:09"))["promises"]
    assert (promise["verdict"], promise["reason"]) == ("open", "at_risk")
    assert promise["wake_at"] == "2026-03-06T12:10:00.001Z"
    assert len(promise["steps"]) == 1


def test_explain_reads_a_mapped_log(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(
        "event_id,event_time,arrival_time,event_type,promise_id,location,staff,promised_at\r\n"
        "2,2026-03-06T18:30:00Z,2026-03-06T18:31:00Z,delivered,parcel-1,leeds,kim,\r\n"
        "1,2026-03-06T12:00:00Z,2026-03-06T19:00:00Z,promise_made,parcel-1,leeds,kim,2026-03-06T18:00:00Z\r\n",
        "utf-8",
        newline="",
    )
    settings = ["--adapter", str(LOG_ADAPTER), "--policies", str(LOG_POLICIES)]
    (promise,) = report("explain", log, "parcel-1", *settings)["promises"]
    assert (promise["verdict"], promise["reason"], promise["lateness_seconds"]) == ("broken", "late", 1800.0)


def test_explain_reads_standard_input(day: Path) -> None:
    assert promises("explain", "-", "s3", stdin=day.read_bytes()) == promises("explain", day, "s3")


def test_without_as_of_explain_and_judge_speak_of_the_same_instant(tmp_path: Path) -> None:
    hour_of_silence = Clock(source="till", at=moment("13:00"))
    unfinished = order("s1").promised("ready", due="12:10", time="12:00")
    file = write_events(tmp_path / "events.ndjson", unfinished, hour_of_silence)
    (promise,) = report("explain", file, "s1")["promises"]
    totals = report("judge", file)["points"][0]["totals"]
    assert totals[promise["verdict"]] == 1


def test_a_case_with_several_promises_tells_of_each(tmp_path: Path) -> None:
    story = order("o1").promised_together({"ready": "12:10", "delivered": "12:40"}, "12:00")
    file = write_events(tmp_path / "events.ndjson", story)
    answer = promises("explain", file, "o1")
    assert [line for line in answer.out.splitlines() if not line.startswith(" ")] == [
        "o1: ready: open, pending",
        "o1: delivered: open, pending",
    ]


def test_check_shows_the_default_policies_and_ends_well() -> None:
    answer = promises("check")
    assert (answer.code, answer.err) == (0, "")
    first, *_, last = answer.out.splitlines()
    assert first == "ready@1: ready, kept by ready or picked_up or delivered, grace 0 s"
    assert last == "no mistakes found"


def test_check_shows_policies_and_adapter() -> None:
    answer = promises("check", "--policies", LOG_POLICIES, "--adapter", LOG_ADAPTER)
    columns = "arrival_time, event_id, event_time, event_type, location, promise_id, promised_at, staff"
    assert answer.out.splitlines() == [
        "delivered@1: delivered, kept by delivered, grace 0 s",
        f"{LOG_ADAPTER}: A log of promises, one row per event",
        f"{LOG_ADAPTER}: reads {columns}",
        f"{LOG_ADAPTER}: tests beside it: 4",
        "no mistakes found",
    ]


def test_check_reads_the_environment(tmp_path: Path) -> None:
    policies = tmp_path / "policies.toml"
    policies.write_text('[[policy]]\nname = "espresso"\nversion = 3\nkind = "ready"\ngrace = "90s"\n', "utf-8")
    answer = promises("check", environment={"PROMISES_POLICIES": str(policies)})
    assert answer.out.splitlines()[0] == "espresso@3: ready, kept by ready, grace 90 s"
