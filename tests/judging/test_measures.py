"""Rates and quantiles, and the report of them."""

from __future__ import annotations

import pytest

from streams.judging.measures import kept_rate, quantile
from streams.judging.report import report_point, report_point_as_json
from tests.histories import READY, at, order

KEPT = order("o1").promised("ready", due="12:40", time="12:00", at="harbour").taken_by("anna", "12:01")
KEPT = KEPT.reached("ready", "12:38")
LATE = order("o2").promised("ready", due="12:40", time="12:00", at="harbour", staff="ben").reached("ready", "12:45")
MISSING = order("o3").promised("ready", due="12:40", time="12:00")
CALLED_OFF = order("o4").promised("ready", due="12:40", time="12:00").cancelled("12:10", by="customer")
WALK_IN = order("o5").nothing_promised("12:20")


def test_the_kept_rate_is_the_share_of_kept_among_kept_and_broken() -> None:
    assert kept_rate(3, 1) == 0.75
    assert kept_rate(0, 2) == 0.0


def test_there_is_no_kept_rate_without_due_promises() -> None:
    assert kept_rate(0, 0) is None


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([7.0], 0.95, 7.0),
        ([1.0, 2.0, 3.0], 0.5, 2.0),
        ([1.0, 2.0, 3.0, 4.0], 0.5, 2.5),
        ([0.0, 10.0], 0.95, 9.5),
        ([1.0, 2.0, 3.0], 0.0, 1.0),
        ([1.0, 2.0, 3.0], 1.0, 3.0),
    ],
)
def test_quantiles_are_interpolated_linearly(values: list[float], share: float, expected: float | None) -> None:
    assert quantile(values, share) == expected


def test_a_report_counts_every_promise_once_and_the_orders_without_any() -> None:
    histories = [story.facts() for story in (KEPT, LATE, MISSING, CALLED_OFF, WALK_IN)]
    report = report_point_as_json(
        report_point(histories, READY, at("13:00"), "original", [["location"], ["location", "staff"]])
    )
    totals = report["totals"]

    assert (totals["promises"], totals["kept"], totals["broken"], totals["excluded"], totals["open"]) == (4, 1, 2, 1, 0)
    assert totals["reasons"] == {"cancelled_by_customer": 1, "late": 1, "on_time": 1, "undelivered": 1}
    assert totals["kept_rate"] == 0.333333
    assert totals["lateness_seconds"] == {"p50": 90.0, "p95": 279.0}
    assert [(row["key"], row["promises"]) for row in report["by"]["location"]] == [([None], 2), (["harbour"], 2)]
    staff = [row["key"] for row in report["by"]["location,staff"]]
    assert staff == [[None, None], ["harbour", "anna"], ["harbour", "ben"]]
    assert report_point(histories, READY, at("13:00"), "original", []).unpromised == 1


def test_a_report_of_an_earlier_instant_knows_nothing_of_later_ones() -> None:
    histories = [story.facts() for story in (KEPT, LATE, WALK_IN)]
    report = report_point(histories, READY, at("12:10"), "current", [])

    assert (report.totals.promises, report.totals.verdicts["open"], report.unpromised) == (2, 2, 0)


def test_each_basis_has_its_own_report() -> None:
    story = order("o2").promised("ready", due="12:40", time="12:00")
    facts = story.amended("ready", "12:30", due="13:00", by="us").reached("ready", "12:45").facts()

    assert report_point([facts], READY, at("14:00"), "original", []).totals.verdicts["broken"] == 1
    assert report_point([facts], READY, at("14:00"), "current", []).totals.verdicts["kept"] == 1
