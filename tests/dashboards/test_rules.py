"""Tests that the committed dashboards pass every rule, and that every rule detects a violation."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable

import pytest

from tests.dashboards.reading import DASHBOARDS, Json, with_queries
from tests.dashboards.rules import findings

OVERVIEW = DASHBOARDS["promises-overview"]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_nothing_is_wrong_with_the_dashboard(name: str) -> None:
    assert findings(DASHBOARDS[name]) == []


def changed(old: str, new: str) -> Callable[[Json], Json]:
    """Return the dashboard with some JSON replaced everywhere; it must occur."""

    def change(dashboard: Json) -> Json:
        text = json.dumps(dashboard)
        assert old in text, f"nothing reads {old}"
        changed: Json = json.loads(text.replace(old, new))
        return changed

    return change


def first_panel(**keys: object) -> Callable[[Json], Json]:
    """Return the dashboard with changes to its first panel; None removes a key."""

    def change(dashboard: Json) -> Json:
        dashboard = copy.deepcopy(dashboard)
        panel = with_queries(dashboard)[0]
        for name, value in keys.items():
            if value is None:
                del panel[name]
            else:
                panel[name] = value
        return dashboard

    return change


def asking(expr: str) -> Callable[[Json], Json]:
    """Return the dashboard with an additional query in its first panel."""

    def change(dashboard: Json) -> Json:
        dashboard = copy.deepcopy(dashboard)
        panel = with_queries(dashboard)[0]
        panel["targets"].append(panel["targets"][0] | {"refId": "X", "expr": expr, "legendFormat": "extra"})
        return dashboard

    return change


def with_key(**keys: object) -> Callable[[Json], Json]:
    return lambda dashboard: dashboard | keys


DUE = 'sum (promises_window_due{window="1h",basis="$basis"})'
KEPT = 'sum (promises_window_kept{window="1h",basis="$basis"})'
MADE = "sum (promises_made_total)"


@pytest.mark.parametrize(
    ("fault", "finding"),
    [
        (with_key(title=""), "has no title"),
        (with_key(uid=""), "has no uid"),
        (with_key(editable=True), "can be edited"),
        (changed('"Data source"', '"Source"'), "has the data source variables"),
        (changed('"refresh": 2', '"refresh": 1'), "variable location is not refreshed with the time"),
        (changed('"allValue": ".+"', '"allValue": ".*"'), "variable kind is not refreshed with the time"),
        (changed("label_values(promises_made_total, location)", "label_values(up, location)"), "asks for a label"),
        (first_panel(id=102), "id 102 stands 2 times"),
        (first_panel(id=None), "id None stands 1 times"),
        (changed('"title": "Trend"', '"title": "History"'), "has the rows"),
        (first_panel(gridPos={"x": 0, "y": 0, "w": 24, "h": 12}), "lie upon each other"),
        (first_panel(gridPos={"x": 20, "y": 0, "w": 6, "h": 1}), "out of the grid"),
        (first_panel(description=None), "panel 101 has no description"),
        (first_panel(title=""), "panel 101 has no title"),
        (first_panel(targets=[]), "panel 101 asks nothing"),
        (changed('"unit": "percentunit"', '"unit": "percentage"'), "has the unit percentage"),
        (
            first_panel(datasource={"type": "prometheus", "uid": "prometheus"}),
            "panel 101 asks a data source of its own",
        ),
        (asking("sum (promises_state"), "is no PromQL"),
        (asking("sum (promises_states)"), "asks for promises_states, which nobody exports"),
        (asking('sum (promises_state{shop="a"})'), "promises_state has no label shop"),
        (asking("sum by (shop) (promises_state)"), "groups by shop, which nothing has"),
        (asking("sum by (kind) (promises_state) * on (shop) promises_ready"), "groups by shop, which nothing has"),
        (asking(MADE), "shows promises_made_total where it must not stand"),
        (asking('sum (promises_made_total{kind="ready"})'), "shows promises_made_total where it must not stand"),
        (asking("sum (increase(promises_made_total[5m]))"), "shows promises_made_total where it must not stand"),
        (asking(f"{MADE} - {MADE.replace(')', ' offset 1h)')}"), "shows promises_made_total where it must not stand"),
        (
            asking(f"quantile_over_time(0.5, ({MADE})[5m:30s]) - (quantile_over_time(0.5, ({MADE})[5m:30s]))"),
            "shows promises_made_total where it must not stand",
        ),
        (asking("sum (promises_commit_seconds_count)"), "shows promises_commit_seconds_count where it must not"),
        (asking("sum (rate(promises_commit_seconds_count[5m]))"), "rates over 5m"),
        (changed("{{reason}}", "{{shop}}"), "shows shop"),
        (changed('"legendFormat": "kept"', '"legendFormat": ""'), "has no legend"),
        (changed('"showLegend": true', '"showLegend": false'), "panel 201 hides its legend"),
        (changed('"legendFormat": "n"', '"legendFormat": "due"'), "panel Kept, last hour shows a share without its n"),
        (asking(f"{KEPT} / {DUE}"), "divides by what may be 0"),
        (asking("avg (location_kind_window:promises_kept_per_promises_due:ratio)"), "averages"),
        (changed("/d/promises-location?", "/d/promises-place?"), "links to /d/promises-place"),
        (changed("&var-location=", "&var-shop="), "gives shop to /d/promises-location"),
        (changed("${kind:queryparam}", "${sort:queryparam}"), "gives sort to /d/promises-location"),
        (changed("__data.fields.Location", "__data.fields.Shop"), "links by column Shop"),
        (changed("&${__url_time_range}", ""), "links out of the time range"),
        (asking('sum (promises_state{location="$shop"})'), "uses the variable shop, which it has not"),
        (changed('"name": "basis"', '"name": "grain"'), "has the variable grain and does not use it"),
    ],
)
def test_a_fault_is_noticed(fault: Callable[[Json], Json], finding: str) -> None:
    assert any(finding in one for one in findings(fault(OVERVIEW)))
