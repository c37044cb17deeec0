"""Tests of the output of `promises judge`, a contract with other programs."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from schemas.words import Party
from tests.cli.command import LOG_ADAPTER, LOG_POLICIES, promises, report
from tests.cli.event_files import MORNING, write_events
from tests.histories import Line, as_text, ndjson, order

ROW = {"promises", "kept", "broken", "excluded", "open", "reasons", "kept_rate", "lateness_seconds"}
ORDER = order("s1").promised("ready", due="12:10", time="12:00")
FORGIVING = '[[policy]]\nkind = "ready"\ngrace = "5m"\n'
LOG = """event_id,event_time,arrival_time,event_type,promise_id,location,staff,promised_at
1,2026-03-06T12:00:00Z,,promise_made,parcel-1,leeds,kim,2026-03-06T18:00:00Z
2,2026-03-06T18:00:01Z,,delivered,parcel-1,leeds,kim,
"""


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_events(tmp_path_factory.mktemp("day") / "events.ndjson", *MORNING)


@pytest.fixture(scope="module")
def morning_document(day: Path) -> dict[str, Any]:
    """Return the report on the morning as of 12:20, with all groupings."""
    by = [argument for axes in ("location", "staff", "kind", "location,staff") for argument in ("--by", axes)]
    return report("judge", day, *by)


def totals(*lines: Line) -> dict[str, Any]:
    """Return the totals of a file of events, given on stdin, at the last point."""
    document: dict[str, Any] = report("judge", "-", stdin=ndjson(*lines))["points"][-1]["totals"]
    return document


def keys_and_promises(rows: list[dict[str, Any]]) -> list[tuple[list[str | None], int]]:
    return [(row["key"], row["promises"]) for row in rows]


def test_the_document_has_the_fields_of_the_contract_and_no_others(morning_document: dict[str, Any]) -> None:
    assert list(morning_document) == ["schema", "basis", "policies", "input", "points", "rejects"]
    assert (morning_document["schema"], morning_document["basis"], morning_document["rejects"]) == (
        "promises.judge/1",
        "current",
        [],
    )
    assert re.fullmatch("sha256:[0-9a-f]{64}", morning_document["policies"])
    assert list(morning_document["input"]) == ["records", "duplicates", "rejected", "cases", "unpromised"]
    (point,) = morning_document["points"]
    assert list(point) == ["as_of", "totals", "by"]
    assert point["totals"].keys() == ROW
    assert point["totals"]["reasons"].keys() >= {"late", "undelivered"}
    assert list(point["totals"]["lateness_seconds"]) == ["p50", "p95"]
    assert all(row.keys() == ROW | {"key"} for rows in point["by"].values() for row in rows)
    assert list(point["by"]) == ["location", "staff", "kind", "location,staff"]


def test_a_morning_in_two_shops_is_counted_by_hand(morning_document: dict[str, Any]) -> None:
    assert morning_document["input"] == {"records": 12, "duplicates": 0, "rejected": 0, "cases": 7, "unpromised": 1}
    (point,) = morning_document["points"]
    counted = {name: point["totals"][name] for name in ("promises", "kept", "broken", "excluded", "open")}
    assert counted == {"promises": 6, "kept": 2, "broken": 2, "excluded": 1, "open": 1}
    assert {name: many for name, many in point["totals"]["reasons"].items() if many} == {
        "on_time": 2, "late": 1, "undelivered": 1, "cancelled_by_customer": 1, "pending": 1
    }  # fmt: skip
    assert point["totals"]["kept_rate"] == 0.5
    # 120 s early, on the second, 61 s late; the quantile between the two latest lies nine tenths of the way
    assert point["totals"]["lateness_seconds"] == {"p50": 0.0, "p95": 54.9}


def test_without_as_of_the_last_that_happened_is_the_instant(morning_document: dict[str, Any]) -> None:
    assert [point["as_of"] for point in morning_document["points"]] == [as_text("12:20")]


def test_rows_come_with_the_most_promises_first_then_by_key(morning_document: dict[str, Any]) -> None:
    (point,) = morning_document["points"]
    assert keys_and_promises(point["by"]["location"]) == [(["soho"], 3), (["camden"], 2), ([None], 1)]
    assert keys_and_promises(point["by"]["staff"]) == [([None], 3), (["ada"], 2), (["ben"], 1)]
    assert keys_and_promises(point["by"]["kind"]) == [(["ready"], 6)]
    both = keys_and_promises(point["by"]["location,staff"])
    assert {many for _, many in both} == {1}
    assert sorted(both, key=lambda row: [part or "" for part in row[0]]) == both
    assert len(both) == 6


def test_rows_of_as_many_promises_are_in_the_order_of_their_keys() -> None:
    cities = ["york", "Bath", "leeds", "hull"]
    orders = [order(f"order {city}").promised("ready", due="12:10", time="12:00", at=city) for city in cities]
    rows = report("judge", "-", "--by", "location", stdin=ndjson(*orders))["points"][0]["by"]["location"]
    assert [row["key"] for row in rows] == [["Bath"], ["hull"], ["leeds"], ["york"]]


def test_events_without_location_and_staff_have_the_key_null() -> None:
    document = report("judge", "-", "--by", "location,staff", stdin=ndjson(ORDER))
    assert keys_and_promises(document["points"][0]["by"]["location,staff"]) == [([None, None], 1)]
    assert document["rejects"] == []


def test_the_rate_is_null_while_nothing_was_due_and_lateness_is_null_while_nothing_was_delivered() -> None:
    document = totals(ORDER)
    assert (document["kept_rate"], document["lateness_seconds"]) == (None, {"p50": None, "p95": None})
    assert (document["promises"], document["open"]) == (1, 1)


def test_a_rate_has_six_decimals() -> None:
    first, *others = [order(f"order {number}").promised("ready", due="12:10", time="12:00") for number in range(3)]
    late_visitor = order("late visitor").reached("ready", "12:30")
    assert totals(first.reached("ready", "12:05"), *others, late_visitor)["kept_rate"] == 0.333333


def test_events_after_the_instant_do_not_count(day: Path) -> None:
    minutes = ["2026-03-06T12:11:00Z", "2026-03-06T12:02:00Z", "2026-03-06T11:00:00Z"]
    instants = ["2026-03-06T12:11:00.001Z", *minutes]
    as_of = [argument for instant in instants for argument in ("--as-of", instant)]
    points = report("judge", day, *as_of)["points"]
    assert [point["as_of"] for point in points] == [instants[0], as_text("12:11"), as_text("12:02"), as_text("11:00")]
    counted = [[point["totals"][name] for name in ("promises", "kept", "broken", "open")] for point in points]
    # the second of soho is due at 12:11: at that very instant it is open, a millisecond later it is broken
    assert counted == [[6, 2, 1, 2], [6, 2, 0, 3], [4, 0, 0, 4], [0, 0, 0, 0]]


def test_a_case_without_a_promise_is_counted_once_it_began(day: Path) -> None:
    unpromised = [report("judge", day, "--as-of", as_text(time))["input"]["unpromised"] for time in ("12:05", "12:06")]
    # at 12:05 no case has begun without a promise: the walk-in comes at 12:06
    assert unpromised == [0, 1]


def test_an_instant_of_another_time_zone_is_shown_in_utc(day: Path) -> None:
    (point,) = report("judge", day, "--as-of", "2026-03-06T13:12:01.500+01:00")["points"]
    assert point["as_of"] == "2026-03-06T12:12:01.500Z"


@pytest.mark.parametrize(
    ("by", "basis", "verdict"),
    [("us", "current", "kept"), ("us", "original", "broken"), ("customer", "original", "kept")],
)
def test_an_amended_promise_is_judged_by_the_original_or_the_current_due_time(
    by: Party, basis: str, verdict: str
) -> None:
    story = ORDER.amended("ready", "12:05", due="12:20", by=by).reached("ready", "12:15")
    document = report("judge", "-", "--basis", basis, stdin=ndjson(story))
    assert document["basis"] == basis
    assert document["points"][0]["totals"][verdict] == 1


def test_a_repeated_line_counts_as_a_duplicate() -> None:
    first, second = ORDER.reached("ready", "12:05").events
    document = report("judge", "-", stdin=ndjson(second, first, second, first, first))
    assert document["input"] == {"records": 5, "duplicates": 3, "rejected": 0, "cases": 1, "unpromised": 0}
    assert document["points"][0]["totals"]["kept"] == 1


BAD_LINES: dict[str, Line] = {
    "not_json": "ready when it is ready",
    "unknown_type": '{"type":"promise_broken","id":"1","case":"a","occurred_at":"2026-03-06T12:00:00Z"}',
    "no_case": '{"type":"staff_assigned","id":"1","occurred_at":"2026-03-06T12:00:00Z"}',
    "bad_value": '{"type":"staff_assigned","id":1,"case":"a","occurred_at":"2026-03-06T12:00:00Z"}',
    "bad_time": '{"type":"staff_assigned","id":"1","case":"a","occurred_at":"noon"}',
    "unknown_kind": order("a").promised("smiled", due="12:10", time="12:00", id="3"),
    "due_before_made": order("a").promised("ready", due="11:00", time="12:00", id="4"),
}


def test_rejected_lines_have_their_number_and_reason_and_the_rest_is_judged() -> None:
    document = report("judge", "-", stdin=ndjson(*BAD_LINES.values(), "", ORDER))
    assert [(reject["line"], reject["reason"]) for reject in document["rejects"]] == list(enumerate(BAD_LINES, 1))
    assert all(reject.keys() >= {"line", "reason", "detail"} and reject["detail"] for reject in document["rejects"])
    assert document["input"] == {"records": 8, "duplicates": 0, "rejected": 7, "cases": 1, "unpromised": 0}
    assert document["points"][0]["totals"]["promises"] == 1


def test_strict_exits_with_4_after_rejects_and_still_writes_the_document() -> None:
    answer = promises("judge", "-", "--json", "--strict", stdin=ndjson("oops", ORDER))
    assert (answer.code, answer.err) == (4, "")
    assert answer.document["points"][0]["totals"]["promises"] == 1


def test_strict_without_rejects_ends_well(day: Path) -> None:
    assert promises("judge", day, "--strict", "--json").code == 0


def test_a_file_without_events_is_judged_at_the_instants_that_were_asked_for() -> None:
    assert report("judge", "-", stdin=b"")["points"] == []
    (point,) = report("judge", "-", "--as-of", as_text("12:00"), stdin=b"\n\n")["points"]
    assert (point["totals"]["promises"], point["totals"]["kept_rate"]) == (0, None)


def test_a_gzip_file_and_stdin_give_the_same_document_as_the_file(day: Path, tmp_path: Path) -> None:
    packed = tmp_path / "events.ndjson.gz"
    packed.write_bytes(gzip.compress(day.read_bytes()))
    plain = promises("judge", day, "--json").out
    assert promises("judge", packed, "--json").out == plain
    assert promises("judge", "-", "--json", stdin=packed.read_bytes()).out == plain


def test_an_adapted_csv_on_stdin_gives_the_same_document_as_the_file(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(LOG, "utf-8")
    settings = ["--adapter", str(LOG_ADAPTER), "--policies", str(LOG_POLICIES)]
    assert report("judge", "-", *settings, stdin=LOG.encode()) == report("judge", log, *settings)


def test_several_files_are_one_history_and_rejects_name_their_file(tmp_path: Path) -> None:
    promised, ready = ORDER.reached("ready", "12:05").events
    till = write_events(tmp_path / "till.ndjson", promised)
    kitchen = write_events(tmp_path / "kitchen.ndjson", "oops", ready)
    document = report("judge", kitchen, till)
    assert document["points"][0]["totals"]["kept"] == 1
    assert [(reject["file"], reject["line"]) for reject in document["rejects"]] == [(str(kitchen), 1)]


def test_policies_and_adapter_come_from_the_environment_too(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(LOG, "utf-8")
    document = report("judge", log, "--adapter", LOG_ADAPTER, "--policies", LOG_POLICIES)
    assert document["points"][0]["totals"]["reasons"]["late"] == 1
    environment = {"PROMISES_ADAPTER": str(LOG_ADAPTER), "PROMISES_POLICIES": str(LOG_POLICIES)}
    assert report("judge", log, environment=environment) == document


def test_an_option_wins_over_the_environment(tmp_path: Path) -> None:
    forgiving = tmp_path / "forgiving.toml"
    forgiving.write_text(FORGIVING, "utf-8")
    story = ndjson(ORDER.reached("ready", "12:12"))
    environment = {"PROMISES_POLICIES": str(tmp_path / "no such file.toml")}
    document = report("judge", "-", "--policies", forgiving, stdin=story, environment=environment)
    assert document["points"][0]["totals"]["reasons"]["in_grace"] == 1
    assert document["policies"] == "sha256:" + hashlib.sha256(FORGIVING.encode()).hexdigest()


def test_without_json_people_get_a_table_with_the_same_figures(day: Path) -> None:
    answer = promises("judge", day, "--by", "location", environment={"COLUMNS": "160"})
    assert (answer.code, answer.err) == (0, "")
    assert f"as of {as_text('12:20')}" in answer.out
    heading, row = (next(line.split() for line in answer.out.splitlines() if word in line) for word in ("rate", "soho"))
    assert heading == ["promises", "kept", "broken", "excluded", "open", "rate", "p50", "min", "p95", "min"]
    assert row == ["soho", "3", "1", "2", "0", "0", "33.3%", "-0.5", "+0.9"]
    assert "12 records, 0 duplicates, 0 rejected, 7 cases" in answer.out


def test_without_json_rejects_are_printed_to_stderr(tmp_path: Path) -> None:
    broken = tmp_path / "feed.ndjson"
    broken.write_bytes(ndjson(ORDER) + b"{\n" * 12)
    answer = promises("judge", broken)
    assert answer.code == 0
    assert f"{broken}, line 2: not_json: " in answer.err
    assert "and 2 more; --json shows all" in answer.err
