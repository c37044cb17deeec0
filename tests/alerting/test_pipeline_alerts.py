"""Feeds that go silent, records that are refused, workers that lag, recover or are gone, as promtool plays them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.alerting.promtool import LOCATIONS, check, firing, rule_file, says
from tests.alerting.timelines import FEED, Row, Shop, at, clock_of, gone, on, shown, until, worker

pytestmark = pytest.mark.integration

END = at("5:00")
PIPELINE = "/d/promises-pipeline"


def annotated(alert: str, summary: str, description: str, board: str = PIPELINE) -> dict[str, str]:
    """The annotations of an alert."""
    page = f"docs/runbooks/{alert}.md"
    return {"summary": summary, "description": description, "dashboard": board, "runbook_url": page}


def quiet_shop() -> dict[str, Row]:
    """A shop that owes a promise every ten minutes and keeps it."""
    return shown([Shop("quay").owes_always("5:00", every=10)], END)


def still_at(moment: str, name: str) -> dict[str, Row]:
    """A timestamp that goes with the wall clock up to a moment and stays there."""
    return {name: [60.0 * min(minute, at(moment)) for minute in range(END)]}


STALE = {"alertname": "FeedStale", "location": "quay", "feed": "pos-quay", "severity": "critical"}
NEVER_HEARD = {**STALE, "severity": "warning"}
BEHIND = {"alertname": "ClockBehind", "severity": "critical"}
RECOVERING = {
    "alertname": "RecoveringTooLong", "instance": "w1", "job": "promises", "severity": "warning"
}  # fmt: skip
ABSENT = {"alertname": "WorkerAbsent", "instance": "w2", "job": "promises", "severity": "warning"}
NONE_LEFT = {"alertname": "WorkerAbsent", "severity": "critical"}


def test_a_feed_outage_is_told_of_as_that_and_ends_when_the_feed_is_back(tmp_path: Path) -> None:
    series = worker("w1", quiet_shop(), END)
    outage = on("w1", still_at("2:00", FEED))
    text = (
        "Nothing was heard of the feed pos-quay of Quay Street for 10m 0s. Its promises that fell due since are "
        "unconfirmed, and its other alerts are held back."
    )
    summary = "A feed is silent, so what its location did is not known."
    board = "/d/promises-location?var-location=quay&var-basis=original"
    cases = [
        firing("2:06"),
        firing("2:07", STALE),
        says("2:10", "FeedStale", STALE, annotated("FeedStale", summary, text, board)),
        firing("3:04", STALE),
        firing("3:05"),
    ]
    check({**series, **until("3:00", outage, series)}, cases, tmp_path)


def test_a_worker_that_hears_of_a_feed_later_than_the_other_makes_it_not_stale(tmp_path: Path) -> None:
    series = {**worker("w1", quiet_shop(), END), **worker("w2", still_at("2:00", FEED), END, 1)}

    check(series, [firing("2:30"), firing("4:00")], tmp_path)


def test_a_feed_that_was_never_heard_is_told_of_while_workers_are_up(tmp_path: Path) -> None:
    series = worker("w1", quiet_shop(), END)
    deaf = {name: row for name, row in series.items() if "feed" not in name}
    text = "The feed pos-quay of Quay Street was never heard of, while workers are up. Is that its name?"
    summary = "A feed is silent, so what its location did is not known."
    board = "/d/promises-location?var-location=quay&var-basis=original"
    cases = [
        firing("0:14"),
        firing("0:16", NEVER_HEARD),
        says("0:20", "FeedStale", NEVER_HEARD, annotated("FeedStale", summary, text, board)),
    ]
    check(deaf, cases, tmp_path)


def test_without_workers_it_is_them_that_is_told_of_and_no_feed(tmp_path: Path) -> None:
    series = gone(worker("w1", quiet_shop(), END), "2:00", "4:00")
    series |= until("2:00", worker("w1", {}, END), on("w1", {"up": [0.0] * END}) | series)
    text = "0 workers answer: nothing is judged, and no other alert can come."
    down = {**ABSENT, "instance": "w1"}
    cases = [
        firing("2:01"),
        firing("2:02", NONE_LEFT),
        says("2:02", "WorkerAbsent", NONE_LEFT, annotated("WorkerAbsent", "A worker is gone.", text)),
        firing("2:05", NONE_LEFT, down),
        firing("2:40", NONE_LEFT, down, BEHIND),
        firing("4:10"),
    ]
    check({**series, **on("w1", {"up": up_but("2:00", "4:00")})}, cases, tmp_path)


def up_but(first: str, last: str) -> Row:
    """Whether a worker answers: always but from `first` on and before `last`."""
    return [0.0 if at(first) <= minute < at(last) else 1.0 for minute in range(END)]


def test_one_worker_that_is_gone_is_told_of_and_a_rolling_restart_is_not(tmp_path: Path) -> None:
    one = worker("w1", quiet_shop(), END) | on("w1", {"up": up_but("1:00", "1:02")})
    two = gone(worker("w2", {}, END, 1), "2:00", "3:00") | on("w2", {"up": up_but("2:00", "3:00")})
    taken_over = on("w1", gone({clock_of(1): [60.0 * minute for minute in range(END)]}, "0:00", "2:01"))
    text = "The worker w2 answered 0% of the scrapes of the last 5 minutes. The others have its partitions, or will."
    cases = [
        firing("1:02"),
        firing("1:05"),
        firing("2:02"),
        firing("2:05", ABSENT),
        says("2:30", "WorkerAbsent", ABSENT, annotated("WorkerAbsent", "A worker is gone.", text)),
        firing("3:10"),
    ]
    check({**one, **two, **taken_over}, cases, tmp_path)


def test_a_worker_that_crashes_again_and_again_is_told_of(tmp_path: Path) -> None:
    two: Row = [float(minute % 3 == 0 or minute < at("2:00")) for minute in range(END)]
    series = {**worker("w1", quiet_shop(), END), **on("w2", {"up": two})}

    check(series, [firing("2:00"), firing("2:10", ABSENT), firing("3:00", ABSENT)], tmp_path)


def test_a_partition_that_stands_still_is_told_of_and_so_is_one_that_nobody_owns(tmp_path: Path) -> None:
    series = worker("w1", quiet_shop(), END, 0, 1)
    stuck = on("w1", still_at("2:00", clock_of(1)))
    unowned = on("w1", gone({clock_of(0): [60.0 * minute for minute in range(END)]}, "3:00", "3:30"))
    text = "The partition that is furthest behind knows what happened up to 10m 0s ago. All numbers are of then."
    summary = "Judging is behind, so the numbers are of earlier."
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


def test_a_worker_that_does_not_get_ready_is_told_of(tmp_path: Path) -> None:
    series = worker("w1", quiet_shop(), END)
    ready: dict[str, Row] = {
        "promises_ready": [0.0 if at("2:00") <= minute < at("2:30") else 1.0 for minute in range(END)]
    }
    text = "The worker w1 has been reading its state back for more than 10 minutes."
    summary = "A worker does not get ready, so the promises of its partitions are not counted."
    cases = [
        firing("2:09"),
        firing("2:10", RECOVERING),
        says("2:20", "RecoveringTooLong", RECOVERING, annotated("RecoveringTooLong", summary, text)),
        firing("2:35"),
    ]
    check({**series, **on("w1", ready)}, cases, tmp_path)


def refusing(first: str, count: int) -> dict[str, Row]:
    """A worker that accepts 10 records a minute, and from `first` on refuses one a minute until it refused `count`."""
    refused: Row = [float(max(0, min(minute - at(first), count))) for minute in range(END)]
    return {
        'promises_rejects_total{reason="bad_time"}': refused,
        'promises_events_total{type="cancelled"}': [10.0 * minute for minute in range(END)],
    }


def test_refused_records_are_told_of_by_reason(tmp_path: Path) -> None:
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


def test_three_refused_records_in_a_day_are_worth_a_note(tmp_path: Path) -> None:
    end = at("2d 12:00")
    shop = shown([Shop("quay").owes_always("2d 12:00", every=60)], end)
    refused: dict[str, Row] = {
        'promises_rejects_total{reason="bad_time"}': [float(minute > at("1d 06:00")) * 3 for minute in range(end)]
    }
    noted = {"alertname": "RecordsRejected", "reason": "bad_time", "severity": "info"}
    text = "3 records were refused in the last 24 hours for the reason bad_time."
    summary = "Records are refused, so promises or deliveries may be missing."
    cases = [
        firing("1d 06:20"),
        says("1d 08:00", "RecordsRejected", noted, annotated("RecordsRejected", summary, text)),
        firing("2d 07:00"),
    ]
    check(worker("w1", {**shop, **refused}, end), cases, tmp_path, step=10)


def test_a_location_without_a_feed_has_no_alert_on_feeds() -> None:
    without = '[[location]]\nid = "quay"\n'

    assert "FeedStale" in rule_file(locations=LOCATIONS)
    assert "FeedStale" not in rule_file(locations=without)
