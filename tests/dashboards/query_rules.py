"""The faults of the queries of a dashboard. Every rule yields its findings as sentences.

Two rules are stricter than upstream's: a counter is seen with its matchers too, and a counter of
partition state must not be used in rate() or increase() at all, because a partition that moves between workers would
count its whole past again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import promql_parser

from streams.metrics.catalogue import STAFF_STATE, WINDOW_DUE, WINDOW_KEPT
from tests.dashboards import known
from tests.dashboards.reading import Json, PanelQuery, chosen, nodes, panel_queries, selectors, with_queries, within

COUNTED = {STAFF_STATE.name, WINDOW_DUE.name, WINDOW_KEPT.name}
"""The series that shares are made of."""


def queries(dashboard: Json) -> Iterator[str]:
    """Check that queries parse, with existing series and labels."""
    exprs = [(one.name, one.expr) for one in panel_queries(dashboard)]
    exprs += [(one["name"], chosen(one["expr"])) for one in dashboard["annotations"]["list"] if one.get("expr")]
    for name, expr in exprs:
        try:
            matches = selectors(expr)
        except ValueError as reason:
            yield f"{name} is no PromQL: {reason}"
            continue
        labels: set[str] = set()
        for one in matches:
            mine = known.SERIES.get(one.name)
            if mine is None:
                yield f"{name} asks for {one.name}, which nobody exports"
            labels |= mine or set()
            text = {matcher.name for matcher in one.matchers.matchers}
            yield from (f"{name}: {one.name} has no label {label}" for label in text - (mine or set()))
        yield from (f"{name} groups by {label}, which nothing has" for label in _grouped(expr) - labels)


def _grouped(expr: str) -> set[str]:
    """Return the labels after by and on."""
    matches: set[str] = set()
    for node in nodes(expr):
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier:
            matches.update(node.modifier.labels)
        if isinstance(node, promql_parser.BinaryExpr) and node.modifier and node.modifier.matching:
            matches.update(node.modifier.matching.labels)
    return matches


def _parsed(dashboard: Json) -> Iterator[PanelQuery]:
    """Yield the queries that are PromQL; queries() reports the others."""
    for one in panel_queries(dashboard):
        with suppress(ValueError):
            nodes(one.expr)
            yield one


def counters(dashboard: Json) -> Iterator[str]:
    """Check that only counters of the process are in rate() or increase(), and others in a difference of medians."""
    for one in _parsed(dashboard):
        tree = nodes(one.expr)
        names = Counter(selector.name for selector in selectors(one.expr))
        allowed = Counter(_in_rates(tree)) + Counter(_in_growth(tree))
        for name in names.keys() & (known.OF_THE_PROCESS | known.OF_PARTITION_STATE):
            if names[name] > allowed[name]:
                yield f"{one.name} shows {name} where it must not stand"


def _in_rates(tree: list[Any]) -> Iterator[str]:
    for node in tree:
        if isinstance(node, promql_parser.Call) and node.func.name in ("rate", "irate", "increase"):
            (ranged,) = node.args
            if ranged.vector_selector.name in known.OF_THE_PROCESS:
                yield ranged.vector_selector.name


def _in_growth(tree: list[Any]) -> Iterator[str]:
    """Return the counters of `median now - (median then or 0 * median now)`."""
    for node in tree:
        if isinstance(node, promql_parser.BinaryExpr) and str(node.op) == "-" and _is_median(node.lhs):
            then = [one for one in within(node.rhs) if _is_median(one)]
            if [bool(one.args[1].offset) for one in then] == [True, False]:
                yield from (one.name or "" for one in within(node) if isinstance(one, promql_parser.VectorSelector))


def _is_median(node: Any) -> bool:
    if not (isinstance(node, promql_parser.Call) and node.func.name == "quantile_over_time"):
        return False
    return node.args[0].val == 0.5 and isinstance(node.args[1], promql_parser.SubqueryExpr)


def legends(dashboard: Json) -> Iterator[str]:
    """Check that every query has a legend with labels that it has, and that every graph shows its legend."""
    for one in _parsed(dashboard):
        legend = one.target.get("legendFormat")
        if not legend:
            yield f"{one.name} has no legend"
        labels = set().union(*(known.SERIES.get(selector.name, set()) for selector in selectors(one.expr)))
        named = re.findall(r"{{(\w+)}}", legend or "")
        yield from (f"{one.name} shows {label}" for label in named if label not in labels)
    for panel in with_queries(dashboard):
        if panel["type"] == "timeseries" and not panel["options"]["legend"].get("showLegend"):
            yield f"panel {panel['id']} hides its legend"


def shares(dashboard: Json) -> Iterator[str]:
    """Check that shares divide sums, never by 0, never averaged, and with n beside them."""
    matches = list(_parsed(dashboard))
    for panel in {one.panel for one in matches if _is_share(one.expr)}:
        if not any(re.match(r"n\b", one.target["legendFormat"]) for one in matches if one.panel == panel):
            yield f"panel {panel} shows a share without its n"
    for one in matches:
        for node in nodes(one.expr):
            if isinstance(node, promql_parser.AggregateExpr) and str(node.op) == "avg":
                yield f"{one.name} averages"
            if _divides(node) and not _is_positive(node.rhs):
                yield f"{one.name} divides by what may be 0"


def _divides(node: Any) -> bool:
    """Return whether counts of promises are divided by each other."""
    if not (isinstance(node, promql_parser.BinaryExpr) and str(node.op) == "/"):
        return False
    return any(one.name in COUNTED for one in within(node.rhs) if isinstance(one, promql_parser.VectorSelector))


def _is_share(expr: str) -> bool:
    """Return whether the last step of a query, except a clamp or parentheses, is a division of counts."""
    tree = promql_parser.parse(expr)
    while isinstance(tree, promql_parser.ParenExpr | promql_parser.Call):
        tree = tree.expr if isinstance(tree, promql_parser.ParenExpr) else tree.args[0]
    return _divides(tree)


def _is_positive(node: Any) -> bool:
    while isinstance(node, promql_parser.ParenExpr):
        node = node.expr
    above = isinstance(node, promql_parser.BinaryExpr) and str(node.op) == ">"
    return above and isinstance(node.rhs, promql_parser.NumberLiteral) and node.rhs.val == 0


def intervals(dashboard: Json) -> Iterator[str]:
    """Check that rates are over Grafana's rate interval or the whole time range."""
    for one in panel_queries(dashboard):
        for interval in re.findall(r"(?:rate|increase)\([^()]*\[([^]]+)\]", one.target["expr"]):
            if interval not in ("$__rate_interval", "$__range"):
                yield f"{one.name} rates over {interval}"


RULES = (queries, counters, legends, shares, intervals)
