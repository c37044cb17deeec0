"""The committed dashboards as Grafana reads them: their panels, queries, links and variables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import promql_parser

from dashboards.build import FOLDER

Json = dict[str, Any]

DASHBOARDS: dict[str, Json] = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}

CHOICES = {
    "$__rate_interval": "5m",
    "$__interval": "5m",
    "$__range": "1h",
    "$location": ".+",
    "$kind": ".+",
    "$staff": ".+",
    "$basis": "current",
}
"""What Grafana puts in the place of variables, where everything is chosen."""


class PanelQuery(NamedTuple):
    """A query and where it stands."""

    dashboard: str
    panel: str
    ref: str
    expr: str
    target: Json

    @property
    def name(self) -> str:
        return f"{self.dashboard}: {self.panel}: {self.ref}"


def panels(dashboard: Json) -> list[Json]:
    """All panels but the rows."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def with_queries(dashboard: Json) -> list[Json]:
    """All panels that show numbers."""
    return [panel for panel in panels(dashboard) if panel["type"] != "text"]


def panel_queries(dashboard: Json) -> Iterator[PanelQuery]:
    """All queries of the panels, variables put in."""
    for panel in with_queries(dashboard):
        for target in panel["targets"]:
            expr = chosen(target["expr"])
            yield PanelQuery(dashboard["uid"], panel["title"], target["refId"], expr, target)


def all_queries() -> list[PanelQuery]:
    """All queries of all dashboards."""
    return [one for dashboard in DASHBOARDS.values() for one in panel_queries(dashboard)]


def chosen(expr: str) -> str:
    """A query with every variable put in; longer names first, as one may start with another."""
    for name in sorted(CHOICES, key=len, reverse=True):
        expr = expr.replace(name, CHOICES[name])
    return expr


def young(expr: str) -> str:
    """A query for a Prometheus that has been up for minutes only: growth over one minute in place of hours."""
    return re.sub(r"offset \w+", "offset 1m", expr)


def nodes(expr: str) -> list[Any]:
    """Every node of a query's tree, from the top. Raises ValueError where it is no PromQL."""
    return within(promql_parser.parse(expr))


def within(tree: promql_parser.Expr) -> list[Any]:
    """A node of a query's tree and all under it."""
    result: list[Any] = []
    promql_parser.walk(tree, result.append)
    return result


def selectors(expr: str) -> list[Any]:
    """What a query reads: each metric with its matchers."""
    return [node for node in nodes(expr) if isinstance(node, promql_parser.VectorSelector)]
