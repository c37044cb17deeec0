"""The faults of a dashboard: the rules of grafana/dashboard-linter, reimplemented, and our own.

Every function gives findings as sentences; no finding, no sentence. What is wrong with queries is in query_rules.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import parse_qsl

from grafana_foundation_sdk.models import units

from tests.dashboards import known, query_rules
from tests.dashboards.reading import DASHBOARDS, Json, panels, with_queries

UNITS = {value for name, value in vars(units).items() if name[0].isupper() and isinstance(value, str)}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
BUILT_IN = {"__url_time_range", "__data", "__field", "__range", "__rate_interval", "__interval"}
VARIABLE = re.compile(r"\$\{?(\w+)")


def findings(dashboard: Json) -> list[str]:
    """Return the findings of all rules."""
    checks = (shell, variables, layout, shown, sources, links, used_variables, *query_rules.RULES)
    return [f"{dashboard['uid']}: {matches}" for check in checks for matches in check(dashboard)]


def shell(dashboard: Json) -> Iterator[str]:
    """Check title, uid and description, and that the dashboard is read-only."""
    for name in ("title", "uid", "description", "tags"):
        if not dashboard.get(name):
            yield f"has no {name}"
    if dashboard.get("editable") is not False:
        yield "can be edited"


def variables(dashboard: Json) -> Iterator[str]:
    """Check for one data source variable, and that others refresh with the range and allow several values and All."""
    expected = dashboard["templating"]["list"]
    sources = [(one["name"], one["label"]) for one in expected if one["type"] == "datasource"]
    if sources != [("datasource", "Data source")]:
        yield f"has the data source variables {sources}"
    for one in expected:
        if one["type"] != "query":
            continue
        if (one.get("refresh"), one.get("multi"), one.get("includeAll"), one.get("allValue")) != (2, True, True, ".+"):
            yield f"variable {one['name']} is not refreshed with the time, of many values and All"
        if one.get("datasource") != SOURCE:
            yield f"variable {one['name']} asks a data source of its own"
        (metric,) = re.findall(r"label_values\((\w+)", one["query"]) or ("nothing",)
        if one["name"] not in known.SERIES.get(metric, ()):
            yield f"variable {one['name']} asks for a label that {metric} has not"


def layout(dashboard: Json) -> Iterator[str]:
    """Check that ids are unique, rows are in order, and panels do not overlap."""
    ids = Counter(panel.get("id") for panel in dashboard["panels"])
    yield from (f"id {one} stands {count} times" for one, count in ids.items() if one is None or count > 1)
    rows = [panel["title"] for panel in dashboard["panels"] if panel["type"] == "row"]
    if rows != ["Now", "Trend", "Where", "Why"]:
        yield f"has the rows {rows}"
    cells = Counter(cell for panel in dashboard["panels"] for cell in _cells(panel["gridPos"]))
    if any(count > 1 for count in cells.values()) or any(x >= 24 for x, _ in cells):
        yield "has panels that lie upon each other or out of the grid"


def _cells(place: Json) -> Iterator[tuple[int, int]]:
    for x in range(place.get("x", 0), place.get("x", 0) + place["w"]):
        yield from ((x, y) for y in range(place.get("y", 0), place.get("y", 0) + place["h"]))


def shown(dashboard: Json) -> Iterator[str]:
    """Check that panels have a title, a description, a unit and a query."""
    for panel in panels(dashboard):
        for name in ("title", "description"):
            if not panel.get(name):
                yield f"panel {panel['id']} has no {name}"
    for panel in with_queries(dashboard):
        overrides = [one for rule in panel["fieldConfig"]["overrides"] for one in rule["properties"]]
        expected = [panel["fieldConfig"]["defaults"].get("unit")]
        expected += [one["value"] for one in overrides if one["id"] == "unit"]
        yield from (f"panel {panel['id']} has the unit {unit}" for unit in expected if unit not in UNITS)
        if not panel.get("targets"):
            yield f"panel {panel['id']} asks nothing"


def sources(dashboard: Json) -> Iterator[str]:
    """Check that every panel and every query uses the data source of the variable."""
    for panel in panels(dashboard):
        for one in (panel, *panel.get("targets", ())):
            if one.get("datasource") != SOURCE:
                yield f"panel {panel['id']} asks a data source of its own"


def links(dashboard: Json) -> Iterator[str]:
    """Check that links lead to existing dashboards, with existing variables and the same time range."""
    for panel in with_queries(dashboard):
        for url in _urls(panel):
            path, _, query = url.partition("?")
            there = DASHBOARDS.get(path.removeprefix("/d/"))
            if there is None or not path.startswith("/d/"):
                yield f"panel {panel['id']} links to {path}"
                continue
            expected = [name.removeprefix("var-") for name, _ in parse_qsl(query) if name.startswith("var-")]
            carried = re.findall(r"\$\{(\w+):queryparam\}", query)
            yield from (
                f"panel {panel['id']} gives {one} to {path}"
                for one in (*expected, *carried)
                if one not in _names(there)
            )
            fields = re.findall(r"__data\.fields\.(\w+)", query)
            yield from (f"panel {panel['id']} links by column {one}" for one in fields if one not in _titles(panel))
            if not query.endswith("&${__url_time_range}"):
                yield f"panel {panel['id']} links out of the time range"


def _urls(panel: Json) -> Iterator[str]:
    for rule in panel["fieldConfig"]["overrides"]:
        for one in rule["properties"]:
            if one["id"] == "links":
                yield from (link["url"] for link in one["value"])
    yield from (link["url"] for link in panel["fieldConfig"]["defaults"].get("links", ()))


def _titles(panel: Json) -> set[str]:
    """Return the final names of the columns of a table."""
    changes = [one["options"] for one in panel["transformations"] if one["id"] == "organize"]
    return {title for one in changes for title in one["renameByName"].values()}


def used_variables(dashboard: Json) -> Iterator[str]:
    """Check that every used variable exists."""
    texts = [target["expr"] for panel in with_queries(dashboard) for target in panel["targets"]]
    texts += [url for panel in with_queries(dashboard) for url in _urls(panel)]
    texts += [one["expr"] for one in dashboard["annotations"]["list"] if one.get("expr")]
    texts += [one["query"] for one in dashboard["templating"]["list"] if one["type"] == "query"]
    used = {name for text in texts for name in VARIABLE.findall(text)}
    yield from (f"uses the variable {name}, which it has not" for name in used - _names(dashboard) - BUILT_IN)
    idle = _names(dashboard) - used - {"datasource"}
    yield from (f"has the variable {name} and does not use it" for name in idle)


def _names(dashboard: Json) -> set[str]:
    return {one["name"] for one in dashboard["templating"]["list"]}
