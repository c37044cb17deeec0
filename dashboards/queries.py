"""PromQL queries as small functions. Everything is summed over instances first and divided last.

While partitions move between workers, gauges of partition state (states, windows) dip for some seconds, numerator and
denominator together. Counters of partition state are sums over the partitions of a worker. When a partition moves,
increase() would take the loss for a reset and the gain for growth, and count the whole past of the partition as new. So
growth is the difference of two sums here, each the median of five minutes, which a short move does not affect. rate()
and increase() are correct only for counters that start with the process.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from streams.alerting.recording_rules import OBJECTIVE
from streams.metrics.catalogue import READY, STATE, WINDOW_DUE, WINDOW_KEPT, Metric

WHERE: Final = 'location=~"$location",kind=~"$kind"'
CHOSEN: Final = f'{WHERE},basis="$basis"'
"""The matchers for the variables of a dashboard."""

STEADY: Final = "5m:1m"
"""The range of a median, far longer than a partition takes to move."""


def total(metric: str, by: Iterable[str] = (), *matchers: str) -> str:
    """Return the sum of `metric` over the workers, by the labels `by`."""
    return f"{_sum(by)} ({metric}{{{','.join(matchers)}}})"


def _sum(by: Iterable[str]) -> str:
    labels = ", ".join(by)
    return f"sum by ({labels})" if labels else "sum"


def kept(window: str, by: Iterable[str] = ()) -> str:
    """Return the number of promises that fell due in `window` and are kept."""
    return total(WINDOW_KEPT.name, by, CHOSEN, f'window="{window}"')


def due(window: str, by: Iterable[str] = ()) -> str:
    """Return the number of promises that fell due in `window` and are kept or broken: the n of the share."""
    return total(WINDOW_DUE.name, by, CHOSEN, f'window="{window}"')


def share(window: str, by: Iterable[str] = ()) -> str:
    """Return the kept share, 0 to 1; no value if nothing was due."""
    return f"{kept(window, by)} / ({due(window, by)} > 0)"


def share_by_window() -> str:
    """Return the kept share, by window."""
    both = [total(metric.name, ("window",), CHOSEN) for metric in (WINDOW_KEPT, WINDOW_DUE)]
    return f"{both[0]} / ({both[1]} > 0)"


def objective(window: str, by: Iterable[str] = ()) -> str:
    """Return the objective: the mean over locations and kinds, weighted by the number of due promises."""
    chosen = f"{OBJECTIVE}{{{WHERE}}}"
    each = due(window, ("location", "kind"))
    weighted = f"{_sum(by)} ({chosen} * on (location, kind) {each})"
    return f"{weighted} / ({_sum(by)} ({each} and on (location, kind) {chosen}) > 0)"


def above_objective(window: str, by: Iterable[str] = ()) -> str:
    """Return the kept share minus the objective."""
    matching = f" on ({', '.join(by)})"
    return f"({share(window, by)}) -{matching} ({objective(window, by)})"


def budget_left(window: str) -> str:
    """Return the remaining part of the budget of broken promises in `window`: 1 is all, below 0 is overdrawn."""
    broken = f"({due(window)} - {kept(window)})"
    each = due(window, ("location", "kind"))
    return f"1 - {broken} / (sum ((1 - {OBJECTIVE}{{{WHERE}}}) * on (location, kind) {each}) > 0)"


def state(by: Iterable[str], *matchers: str) -> str:
    """Return the current number of promises."""
    return total(STATE.name, by, CHOSEN, *matchers)


def steady(summed: str, ago: str = "") -> str:
    """Return the median of a sum over the last five minutes, or over the five minutes before `ago`."""
    return f"quantile_over_time(0.5, ({summed})[{STEADY}]{f' offset {ago}' if ago else ''})"


def grown(metric: str, by: Iterable[str], *matchers: str, over: str = "$__range") -> str:
    """Return the growth of the sum of `metric` in the time range. A series that is new in it counts from 0.

    There is no value if Prometheus has no data from the start or a worker was recovering then, because the whole past
    would count as growth.
    """
    summed = total(metric, by, *matchers)
    was_whole = f"min({READY.name} offset {over}) == 1"
    return f"{steady(summed)} - ({steady(summed, over)} or 0 * {steady(summed)} and on () {was_whole})"


def per_second(metric: Metric, by: Iterable[str]) -> str:
    """Return the growth per second of a counter of partition state, over five minutes."""
    return f"({grown(metric.name, by, over='5m')}) / 300"
