"""Tests with promtool of the alerts on silent feeds, rejected records, and workers that lag, recover or are absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.alerting.promtool import LOCATIONS, check, firing, rule_file, says
from tests.alerting.timelines import FEED, Row, Shop, at, clock_of, gone, on, shown, until, worker

pytestmark = pytest.mark.integration

END = at("5:00")
PIPELINE = "/d/promises-pipeline"


def annotated(alert: str, summary: str, description: str, dashboard: str = PIPELINE) -> dict[str, str]:
    """Return the annotations of an alert."""
    page = f"docs/runbooks/{alert}.md"
    return {"summary": summary, "description": description, "dashboard": dashboard, "runbook_url": page}


def quiet_shop() -> dict[str, Row]:
    """Return a shop with a kept promise every ten minutes."""
    return shown([Shop("quay").owes_always("5:00", every=10)], END)


def still_at(moment: str, name: str) -> dict[str, Row]:
    """Return a timestamp that follows the wall clock up to a moment and stops there."""
    return {name: [60.0 * min(minute, at(moment)) for minute in range(END)]}


STALE = {"alertname": "FeedStale", "location": "quay", "feed": "pos-quay", "severity": "critical"}
NEVER_SENT = {**STALE, "severity": "warning"}
BEHIND = {"alertname": "ClockBehind", "severity": "critical"}
RECOVERING = {
    "alertname": "RecoveringTooLong", "instance": "w1", "job": "promises", "severity": "warning"
}  # fmt: skip
ABSENT = {"alertname": "WorkerAbsent", "instance": "w2", "job": "promises", "severity": "warning"}
NONE_LEFT = {"alertname": "WorkerAbsent", "severity": "critical"}


def test_the_alert_on_a_silent_feed_ends_when_the_feed_is_back(tmp_path: Path) -> None:
    series = worker("w1", quiet_shop(), END)
    outage = on("w1", still_at("2:00", FEED))
    text = (
        "The feed pos-quay of Quay Street has been silent for 10m 0s. Promises that fell due since then are "
        "unconfirmed, and its other alerts are inhibited."
    )
    summary = "A feed is silent, so the events of its location are unknown."
    dashboard = "/d/promises-location?var-location=quay&var-basis=original"
    cases = [
        firing("2:06"),
        firing("2:07", STALE),
        says("2:10", "FeedStale", STALE, annotated("FeedStale", summary, text, dashboard)),
        firing("3:04", STALE),
        firing("3:05"),
    ]
    check({**series, **until("3:00", outage, series)}, cases, tmp_path)


def test_the_newest_watermark_of_a_feed_on_any_worker_counts(tmp_path: Path) -> None:
    series = {**worker("w1", quiet_shop(), END), **worker("w2", still_at("2:00", FEED), END, 1)}

    check(series, [firing("2:30"), firing("4:00")], tmp_path)


def test_a_feed_that_never_sent_anything_has_an_alert_while_workers_are_up(tmp_path: Path) -> None:
    series = worker("w1", quiet_shop(), END)
    silent = {name: row for name, row in series.items() if "feed" not in name}
    text = "The feed pos-quay of Quay Street has never sent anything while workers are up. Check its name."
    summary = "A feed is silent, so the events of its location are unknown."
    dashboard = "/d/promises-location?var-location=quay&var-basis=original"
    cases = [
        firing("0:14"),
        firing("0:16", NEVER_SENT),
        says("0:20", "FeedStale", NEVER_SENT, annotated("FeedStale", summary, text, dashboard)),
    ]
    check(silent, cases, tmp_path)


def test_without_workers_there_is_an_alert_on_workers_and_none_on_feeds(tmp_path: Path) -> None:
    series = gone(worker("w1", quiet_shop(), END), "2:00", "4:00")
    series |= until("2:00", worker("w1", {}, END), on("w1", {"up": [0.0] * END}) | series)
    text = "0 workers are up: nothing is judged, and no other alert can fire."
    down = {**ABSENT, "instance": "w1"}
    cases = [
        firing("2:01"),
        firing("2:02", NONE_LEFT),
        says("2:02", "WorkerAbsent", NONE_LEFT, annotated("WorkerAbsent", "A worker does not respond.", text)),
        firing("2:05", NONE_LEFT, down),
        firing("2:40", NONE_LEFT, down, BEHIND),
        firing("4:10"),
    ]
    check({**series, **on("w1", {"up": up_but("2:00", "4:00")})}, cases, tmp_path)


def up_but(first: str, last: str) -> Row:
    """Return whether a worker is up: always, except from `first` to before `last`."""
    return [0.0 if at(first) <= minute < at(last) else 1.0 for minute in range(END)]


def test_an_absent_worker_has_an_alert_but_a_rolling_restart_has_none(tmp_path: Path) -> None:
    one = worker("w1", quiet_shop(), END) | on("w1", {"up": up_but("1:00", "1:02")})
    two = gone(worker("w2", {}, END, 1), "2:00", "3:00") | on("w2", {"up": up_but("2:00", "3:00")})
    taken_over = on("w1", gone({clock_of(1): [60.0 * minute for minute in range(END)]}, "0:00", "2:01"))
    text = "The worker w2 answered 0% of the scrapes of the last 5 minutes. Other workers take over its partitions."
    cases = [
        firing("1:02"),
        firing("1:05"),
        firing("2:02"),
        firing("2:05", ABSENT),
        says("2:30", "WorkerAbsent", ABSENT, annotated("WorkerAbsent", "A worker does not respond.", text)),
        firing("3:10"),
    ]
    check({**one, **two, **taken_over}, cases, tmp_path)


def test_a_worker_that_crashes_repeatedly_has_an_alert(tmp_path: Path) -> None:
    two: Row = [float(minute % 3 == 0 or minute < at("2:00")) for minute in range(END)]
    series = {**worker("w1", quiet_shop(), END), **on("w2", {"up": two})}

    check(series, [firing("2:00"), firing("2:10", ABSENT), firing("3:00", ABSENT)], tmp_path)


def test_a_partition_that_is_behind_or_has_no_owner_has_an_alert(tmp_path: Path) -> None:
    series = worker("w1", quiet_shop(), END, 0, 1)
    stuck = on("w1", still_at("2:00", clock_of(1)))
    unowned = on("w1", gone({clock_of(0): [60.0 * minute for minute in range(END)]}, "3:00", "3:30"))
    text = "The watermark of the slowest partition is 10m 0s behind, so all numbers may be that old."
    summary = "Judging is behind, so the numbers are old."
    cases = [
        firing("2:07"),
        firing("2:08", BEHIND),
        says("2:10", "ClockBehind", BEHIND, annotated("ClockBehind", summary, text)),
        firing("2:34", BEHIND),
        firing("2:36"),
        firing("3:06"),
        firing("3:07", BEHIND),
        firing("3:36"),
    ]
    check({**series, **until("2:30", stuck, series), **unowned}, cases, tmp_path)


def test_a_worker_that_recovers_for_too_long_has_an_alert(tmp_path: Path) -> None:
    series = worker("w1", quiet_shop(), END)
    ready: dict[str, Row] = {
        "promises_ready": [0.0 if at("2:00") <= minute < at("2:30") else 1.0 for minute in range(END)]
    }
    text = "The worker w1 has been recovering its state for more than 10 minutes."
    summary = "A worker does not finish recovery, so the promises of its partitions are not counted."
    cases = [
        firing("2:09"),
        firing("2:10", RECOVERING),
        says("2:20", "RecoveringTooLong", RECOVERING, annotated("RecoveringTooLong", summary, text)),
        firing("2:35"),
    ]
    check({**series, **on("w1", ready)}, cases, tmp_path)


def refusing(first: str, count: int) -> dict[str, Row]:
    """Return a worker that accepts 10 records a minute, and rejects one a minute from `first` on, `count` in all."""
    refused: Row = [float(max(0, min(minute - at(first), count))) for minute in range(END)]
    return {
        'promises_rejects_total{reason="bad_time"}': refused,
        'promises_events_total{type="cancelled"}': [10.0 * minute for minute in range(END)],
    }


def test_rejected_records_have_an_alert_by_reason(tmp_path: Path) -> None:
    rejected = {"alertname": "RecordsRejected", "reason": "bad_time", "severity": "warning"}
    text = "7 records were refused in the last hour for the reason bad_time, over 1 in 1000."
    summary = "Records are refused, so promises or deliveries may be missing."
    cases = [
        firing("2:09"),
        firing("2:10", rejected),
        says("2:20", "RecordsRejected", rejected, annotated("RecordsRejected", summary, text)),
        firing("3:20"),
    ]
    check(worker("w1", {**quiet_shop(), **refusing("2:00", 7)}, END), cases, tmp_path)


def test_three_rejected_records_in_a_day_have_an_info_alert(tmp_path: Path) -> None:
    end = at("2d 12:00")
    shop = shown([Shop("quay").owes_always("2d 12:00", every=60)], end)
    refused: dict[str, Row] = {
        'promises_rejects_total{reason="bad_time"}': [float(minute > at("1d 06:00")) * 3 for minute in range(end)]
    }
    some_rejects = {"alertname": "RecordsRejected", "reason": "bad_time", "severity": "info"}
    text = "3 records were refused in the last 24 hours for the reason bad_time."
    summary = "Records are refused, so promises or deliveries may be missing."
    cases = [
        firing("1d 06:20"),
        says("1d 08:00", "RecordsRejected", some_rejects, annotated("RecordsRejected", summary, text)),
        firing("2d 07:00"),
    ]
    check(worker("w1", {**shop, **refused}, end), cases, tmp_path, step=10)


def test_a_location_without_a_feed_has_no_alert_on_feeds() -> None:
    without = '[[location]]\nid = "quay"\n'

    assert "FeedStale" in rule_file(locations=LOCATIONS)
    assert "FeedStale" not in rule_file(locations=without)
