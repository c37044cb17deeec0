"""Tests with promtool of the alerts on promises: when they fire, with which texts, and when they end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.alerting.promtool import POLICIES, check, firing, rule_file, says, value
from tests.alerting.timelines import Row, Shop, added, at, clock_of, gone, on, shown, until, worker

pytestmark = pytest.mark.integration

BOARD = "/d/promises-location?var-location=quay&var-kind=ready&var-basis=original"


def alert_labels(alert: str, severity: str, location: str = "quay") -> dict[str, str]:
    """Return the labels of an alert on promises."""
    return {"alertname": alert, "kind": "ready", "location": location, "severity": severity}


def annotated(alert: str, summary: str, description: str) -> dict[str, str]:
    """Return the annotations of an alert on Quay Street's promises."""
    page = f"docs/runbooks/{alert}.md"
    return {"summary": summary, "description": description, "dashboard": BOARD, "runbook_url": page}


FAST, SLOW = alert_labels("PromisesBurningFast", "critical"), alert_labels("PromisesBurningSlowly", "warning")
REPEATED, AT_RISK = alert_labels("PromisesBrokenRepeatedly", "warning"), alert_labels("PromisesAtRisk", "warning")

HARBOUR_CALLED = (
    'ALERTS{alertname="PromisesBurningFast",alertstate="firing",kind="ready",location="harbour",severity="critical"}'
)


def busy(location: str, last: str) -> Shop:
    """Return a shop with 300 promises an hour, day and night."""
    shop = Shop(location)
    for _ in range(5):
        shop.owes_always(last, every=1)
    return shop


def test_a_busy_location_has_an_alert_that_ends_soon_after_the_problem(tmp_path: Path) -> None:
    # At an objective of 90 % it takes 4 times the pace of the budget: 120 broken in an hour.
    quay = busy("quay", "5:00").breaks("2:00", "2:40")
    broken = 'location_kind_window:promises_broken:sum{basis="original",kind="ready",location="quay",window="1h"}'
    text = "Quay Street broke 155 of 300 promises of kind ready that fell due in the last hour; 90% are to be kept."
    summary = "Promises are being broken far faster than the objective allows."
    cases = [
        value("2:23", 'location_kind_window:promises_broken:sum{window="1h"}', (broken, 120)),
        firing("2:24"),
        firing("2:25", FAST),
        says("2:30", "PromisesBurningFast", FAST, annotated("PromisesBurningFast", summary, text)),
        firing("2:53", FAST),
        firing("2:54"),
    ]
    check(worker("w1", shown([quay], at("5:00")), at("5:00")), cases, tmp_path)


def test_a_shop_with_three_orders_a_day_has_an_alert_after_a_bad_week_but_not_after_one_bad_order(
    tmp_path: Path,
) -> None:
    # 21 a week, of which 2.1 may break; what chance explains ends below 6.
    hours, end = ("9:00", "13:00", "17:00"), "10d 00:00"
    quay = Shop("quay").owes_daily(*hours, days=[-1, 0, 1, 8, 9])
    quay.owes_daily(*hours, days=range(2, 8), broken=["13:00"])
    text = "Quay Street broke 6 of 21 promises of kind ready that fell due in the last 7 days; 90% are to be kept."
    summary = "More promises were broken in a week than the objective allows."
    cases = [
        firing("2d 14:00"),
        firing("6d 18:00"),
        firing("7d 12:50"),
        says("7d 14:00", "PromisesBrokenRepeatedly", REPEATED, annotated("PromisesBrokenRepeatedly", summary, text)),
        firing("8d 13:00", REPEATED),
        firing("8d 14:10"),
    ]
    check(worker("w1", shown([quay], at(end)), at(end)), cases, tmp_path, step=10)


def test_three_of_three_broken_in_a_day_have_an_alert_on_that_day(tmp_path: Path) -> None:
    hours, end = ("9:00", "13:00", "17:00"), "4d 00:00"
    quay = Shop("quay").owes_daily(*hours, days=[-1, 0, 2, 3]).owes_daily(*hours, days=[1], broken=hours)
    cases = [firing("1d 16:50"), firing("1d 17:40", SLOW), firing("1d 21:00", SLOW), firing("1d 21:40")]

    check(worker("w1", shown([quay], at(end)), at(end)), cases, tmp_path, step=10)


def test_a_shop_that_breaks_every_third_promise_has_an_alert_within_the_day(tmp_path: Path) -> None:
    # 30 a day: 3 may break, twice that is 6, and chance explains up to 9.
    quay, end = Shop("quay").owes_always("4d 00:00", every=48), "4d 00:00"
    for minute in range(at("1d 00:00"), at("2d 00:00")):
        if minute % 144 == 0:
            quay.due[minute] = [False]
    text = "Quay Street broke 10 of 30 promises of kind ready that fell due in the last 24 hours; 90% are to be kept."
    summary = "Promises were broken twice as fast as the objective allows for a day."
    cases = [
        firing("1d 21:40"),
        says("1d 22:00", "PromisesBurningSlowly", SLOW, annotated("PromisesBurningSlowly", summary, text)),
        firing("2d 04:00"),
    ]
    check(worker("w1", shown([quay], at(end)), at(end)), cases, tmp_path, step=10)


def test_a_rush_is_measured_by_itself_and_not_by_a_quiet_week(tmp_path: Path) -> None:
    # One promise an hour, and from 2:00 to 3:00 two hundred, of which 30 are broken.
    quay = Shop("quay").owes_always("5:00", every=60).owes("2:00", "3:00", every=3)
    for minute in range(at("2:00"), at("3:00"), 3):
        quay.due[minute] += [False] + [True] * 8 if minute % 2 else [False] * 2 + [True] * 7
    cases = [firing(f"{hour}:{minute}") for hour in (2, 3, 4) for minute in ("15", "30", "45")]

    check(worker("w1", shown([quay], at("5:00")), at("5:00")), cases, tmp_path)


def test_two_broken_promises_in_a_day_are_too_few_whatever_the_objective(tmp_path: Path) -> None:
    hours, end = ("9:00", "13:00", "17:00"), "3d 00:00"
    quay = Shop("quay").owes_daily(*hours, days=[-1, 0, 2]).owes_daily(*hours, days=[1], broken=hours[:2])
    strict = rule_file(POLICIES.replace("0.9", "0.99"))
    cases = [firing("1d 14:00"), firing("1d 20:00"), firing("2d 12:00")]

    check(worker("w1", shown([quay], at(end)), at(end)), cases, tmp_path, strict, step=10)


def test_five_broken_promises_in_an_hour_page_but_four_do_not(tmp_path: Path) -> None:
    # One promise in two hours, and then a few at once, all of them broken.
    quay, harbour = (Shop(name).owes_always("2:00", every=120) for name in ("quay", "harbour"))
    quay.due[at("2:10")], harbour.due[at("2:10")] = [False] * 4, [False] * 5
    strict = rule_file(POLICIES.replace("0.9", "0.99"))
    called = value("2:12", 'ALERTS{alertname="PromisesBurningFast",alertstate="firing"}', (HARBOUR_CALLED, 1))

    check(worker("w1", shown([quay, harbour], at("4:00")), at("4:00")), [called], tmp_path, strict)


def test_a_closed_shop_has_no_ratio_and_no_alert(tmp_path: Path) -> None:
    # The last two orders of the evening are broken; then nothing falls due until the morning.
    quay = Shop("quay").owes("0:00", "3:00", every=10).breaks("2:40", "3:00")
    ratio = 'location_kind_window:promises_kept_per_promises_due:ratio{window="1h"}'
    labels = 'basis="original",kind="ready",location="quay",window="1h"'
    cases = [
        value("3:00", ratio, (f"location_kind_window:promises_kept_per_promises_due:ratio{{{labels}}}", 0.6)),
        value("5:00", ratio),
        firing("3:00"),
        firing("5:00"),
        firing("9:00"),
    ]
    check(worker("w1", shown([quay], at("10:00")), at("10:00")), cases, tmp_path)


def test_a_worker_that_restarts_neither_ends_an_alert_nor_begins_one(tmp_path: Path) -> None:
    series = shown([busy("quay", "5:00").breaks("2:00", "4:00"), busy("harbour", "5:00")], at("5:00"))
    seen = worker("w1", gone(series, "3:00", "3:02"), at("5:00"))
    cases = [firing(time, FAST) for time in ("2:59", "3:00", "3:01", "3:02", "3:05", "3:10")]

    check(seen, [*cases, firing("4:30")], tmp_path)


def test_a_partition_that_moves_neither_ends_an_alert_nor_begins_one(tmp_path: Path) -> None:
    # The second worker is killed at 3:00; its partition is nobody's for two minutes, then the first worker's.
    end = at("5:00")
    one = counted(shown([busy("quay", "5:00").breaks("2:00", "4:00"), busy("harbour", "5:00")], end), 100)
    two = counted(shown([busy("quay", "5:00").breaks("2:00", "4:00"), busy("harbour", "5:00")], end), 800)
    taken_over = gone({clock_of(1): [60.0 * minute for minute in range(end)]}, "0:00", "3:02")
    first = worker("w1", {**until("3:02", one, added(one, two)), **taken_over}, end, 0)
    second = gone(worker("w2", two, end, 1), "3:00", "5:00")
    times = ("2:59", "3:00", "3:01", "3:02", "3:05", "3:30")
    # What the first worker shows of refused records grew by 800 in a moment, and none was refused.
    told_by_increase = value("3:30", "sum(increase(promises_rejects_total[1h])) > bool 700", ("{}", 1))

    check({**first, **second}, [*(firing(time, FAST) for time in times), told_by_increase], tmp_path)


def counted(series: dict[str, Row], rejects: float) -> dict[str, Row]:
    """Return the series with constant counters of records."""
    length = max(map(len, series.values()))
    rejected: dict[str, Row] = {'promises_rejects_total{reason="bad_value"}': [rejects] * length}
    return {**series, **rejected, 'promises_events_total{type="cancelled"}': [rejects] * length}


def test_an_old_owner_that_shows_its_partition_for_a_minute_longer_begins_no_alert(tmp_path: Path) -> None:
    # 100 broken in an hour are too few, twice that are not.
    series, end = shown([busy("quay", "5:00").breaks("2:00", "2:20")], at("5:00")), at("5:00")
    late = on("w2", gone(gone(series, "0:00", "2:20"), "2:22", "5:00"))

    check({**worker("w1", series, end), **late}, [firing("2:21"), firing("2:23"), firing("2:30")], tmp_path)


def test_a_revision_that_turns_broken_into_kept_ends_the_alert(tmp_path: Path) -> None:
    # At 3:00 the deliveries of the last hour arrive, late: all had been in time.
    broken = shown([busy("quay", "5:00").breaks("2:00", "3:00")], at("5:00"))
    series = until("3:00", broken, shown([busy("quay", "5:00")], at("5:00")))
    cases = [firing("2:40", FAST), firing("2:59", FAST), firing("3:04", FAST), firing("3:05")]

    check(worker("w1", series, at("5:00")), cases, tmp_path)


def test_a_surge_of_promises_at_risk_has_an_alert_before_they_break(tmp_path: Path) -> None:
    # Usually 5 are at risk; if these 140 break, the hour is lost.
    quay = busy("quay", "5:00").has_at_risk("0:00", "5:00", 5).has_at_risk("2:00", "2:30", 135).breaks("2:05", "2:35")
    text = (
        "Quay Street has 140 open promises of kind ready that are about to fall due, more than 2 times the usual "
        "number. If they break, PromisesBurningFast follows."
    )
    summary = "So many promises are at risk that the objective is in danger."
    cases = [
        firing("2:00"),
        firing("2:01", AT_RISK),
        says("2:10", "PromisesAtRisk", AT_RISK, annotated("PromisesAtRisk", summary, text)),
        firing("2:31", AT_RISK, FAST),
        firing("2:40", FAST),
    ]
    check(worker("w1", shown([quay], at("5:00")), at("5:00")), cases, tmp_path)


def test_a_rush_like_every_other_is_no_surge(tmp_path: Path) -> None:
    quay = busy("quay", "5:00")
    for hour in range(5):
        quay.has_at_risk(f"{hour}:00", f"{hour}:10", 140)

    check(worker("w1", shown([quay], at("5:00")), at("5:00")), [firing("2:05"), firing("4:05")], tmp_path)


def test_each_location_has_its_own_objective(tmp_path: Path) -> None:
    # Each breaks a third of its promises; at 85 % a third is not yet 40 % of them, at 98 % 29 % are enough.
    places = '[[location]]\nid = "pharmacy"\nobjectives = { ready = 0.98 }\n'
    policies = POLICIES.replace("0.9", "0.85")
    shops = [busy(name, "5:00") for name in ("pharmacy", "harbour")]
    for shop in shops:
        for minute in range(at("2:00"), at("4:00"), 3):
            shop.due[minute] = [False] * 5
    cases = [firing("3:05", alert_labels("PromisesBurningFast", "critical", "pharmacy"))]

    check(worker("w1", shown(shops, at("5:00")), at("5:00")), cases, tmp_path, rule_file(policies, places))


def test_a_location_without_a_display_name_is_named_by_its_id(tmp_path: Path) -> None:
    series = shown([busy("harbour", "5:00").breaks("2:00", "4:00")], at("5:00"))
    text = "harbour broke 155 of 300 promises of kind ready that fell due in the last hour; 90% are to be kept."
    annotations = annotated(
        "PromisesBurningFast", "Promises are being broken far faster than the objective allows.", text
    )
    board = BOARD.replace("quay", "harbour")
    labels = alert_labels("PromisesBurningFast", "critical", "harbour")

    cases = [says("2:30", "PromisesBurningFast", labels, {**annotations, "dashboard": board})]
    check(worker("w1", series, at("5:00")), cases, tmp_path)


def test_a_name_with_quotes_and_spaces_is_not_changed(tmp_path: Path) -> None:
    name = 'O\'Connell "St" & Co'
    places = f"[[location]]\nid = '''{name}'''\ndisplay_name = 'By the bridge'\n"
    text = "By the bridge broke 155 of 300 promises of kind ready that fell due in the last hour; 90% are to be kept."
    summary = "Promises are being broken far faster than the objective allows."
    annotations = annotated("PromisesBurningFast", summary, text)
    board = BOARD.replace("quay", "O%27Connell+%22St%22+%26+Co")
    labels = alert_labels("PromisesBurningFast", "critical", name)
    cases = [says("2:30", "PromisesBurningFast", labels, {**annotations, "dashboard": board})]
    series = worker("w1", shown([busy(name, "5:00").breaks("2:00", "4:00")], at("5:00")), at("5:00"))

    check(series, cases, tmp_path, rule_file(locations=places))
