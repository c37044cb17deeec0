"""The committed dashboards as Grafana reads them: panels, queries, links and variables."""

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
"""The values of variables if everything is selected."""


class PanelQuery(NamedTuple):
    """A query of a panel. name: the panel and the query."""

    dashboard: str
    panel: str
    ref: str
    expr: str
    target: Json

    @property
    def name(self) -> str:
        return f"{self.dashboard}: {self.panel}: {self.ref}"


def panels(dashboard: Json) -> list[Json]:
    """Return all panels except rows."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def with_queries(dashboard: Json) -> list[Json]:
    """Return all panels with queries."""
    return [panel for panel in panels(dashboard) if panel["type"] != "text"]


def panel_queries(dashboard: Json) -> Iterator[PanelQuery]:
    """Yield all queries of the panels, with the values of variables."""
    for panel in with_queries(dashboard):
        for target in panel["targets"]:
            expr = chosen(target["expr"])
            yield PanelQuery(dashboard["uid"], panel["title"], target["refId"], expr, target)


def all_queries() -> list[PanelQuery]:
    """Return all queries of all dashboards."""
    return [one for dashboard in DASHBOARDS.values() for one in panel_queries(dashboard)]


def chosen(expr: str) -> str:
    """Return a query with the values of variables; longer names first, because one may be the start of another."""
    for name in sorted(CHOICES, key=len, reverse=True):
        expr = expr.replace(name, CHOICES[name])
    return expr


def young(expr: str) -> str:
    """Return a query for a Prometheus with only minutes of data: growth over one minute instead of hours."""
    return re.sub(r"offset \w+", "offset 1m", expr)


def nodes(expr: str) -> list[Any]:
    """Yield every node of a query's tree, from the top. Raises ValueError if it is not PromQL."""
    return within(promql_parser.parse(expr))


def within(tree: promql_parser.Expr) -> list[Any]:
    """Yield a node of a query's tree and all nodes below it."""
    result: list[Any] = []
    promql_parser.walk(tree, result.append)
    return result


def selectors(expr: str) -> list[Any]:
    """Yield the metrics that a query reads, with their matchers."""
    return [node for node in nodes(expr) if isinstance(node, promql_parser.VectorSelector)]
