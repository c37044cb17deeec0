"""PromQL as small functions. Everything is summed over instances first and divided last.

Two kinds of numbers are safe to read while partitions move between workers. Gauges of the book (states, windows) dip
for some seconds, numerator and denominator together. Counters of the book are sums over whatever partitions a worker
holds: when one moves, increase() takes the loss for a reset and the gain for growth, and counts the whole past of the
partition as if it had happened now. So growth is the difference of two sums here, each the median of five minutes,
which a move of some seconds does not reach. Only counters that start with the process are for rate() and increase().
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from streams.alerting.recording_rules import OBJECTIVE
from streams.metrics.catalogue import READY, STATE, WINDOW_DUE, WINDOW_KEPT, Metric

WHERE: Final = 'location=~"$location",kind=~"$kind"'
CHOSEN: Final = f'{WHERE},basis="$basis"'
"""The rows that the variables of a dashboard choose."""

STEADY: Final = "5m:1m"
"""Over what a median is taken: far longer than a partition needs to move."""


def total(metric: str, by: Iterable[str] = (), *matchers: str) -> str:
    """The sum of `metric` over the workers, kept apart by the labels `by`."""
    return f"{_sum(by)} ({metric}{{{','.join(matchers)}}})"


def _sum(by: Iterable[str]) -> str:
    labels = ", ".join(by)
    return f"sum by ({labels})" if labels else "sum"


def kept(window: str, by: Iterable[str] = ()) -> str:
    """How many of the promises that fell due in `window` stand as kept."""
    return total(WINDOW_KEPT.name, by, CHOSEN, f'window="{window}"')


def due(window: str, by: Iterable[str] = ()) -> str:
    """How many promises fell due in `window` and stand as kept or broken: the n of the share."""
    return total(WINDOW_DUE.name, by, CHOSEN, f'window="{window}"')


def share(window: str, by: Iterable[str] = ()) -> str:
    """The share that was kept, 0 to 1; nothing where nothing was due."""
    return f"{kept(window, by)} / ({due(window, by)} > 0)"


def share_by_window() -> str:
    """The share that was kept, by window."""
    both = [total(metric.name, ("window",), CHOSEN) for metric in (WINDOW_KEPT, WINDOW_DUE)]
    return f"{both[0]} / ({both[1]} > 0)"


def objective(window: str, by: Iterable[str] = ()) -> str:
    """The share that should have been kept: the objectives of all locations and kinds, each by what fell due there."""
    chosen = f"{OBJECTIVE}{{{WHERE}}}"
    each = due(window, ("location", "kind"))
    weighted = f"{_sum(by)} ({chosen} * on (location, kind) {each})"
    return f"{weighted} / ({_sum(by)} ({each} and on (location, kind) {chosen}) > 0)"


def above_objective(window: str, by: Iterable[str] = ()) -> str:
    """The share that was kept less the one that should have been; negative is too few."""
    matching = f" on ({', '.join(by)})"
    return f"({share(window, by)}) -{matching} ({objective(window, by)})"


def budget_left(window: str) -> str:
    """What is left of the promises that may be broken in `window`: 1 is all, below 0 is overdrawn."""
    broken = f"({due(window)} - {kept(window)})"
    each = due(window, ("location", "kind"))
    return f"1 - {broken} / (sum ((1 - {OBJECTIVE}{{{WHERE}}}) * on (location, kind) {each}) > 0)"


def state(by: Iterable[str], *matchers: str) -> str:
    """Promises as they stand now."""
    return total(STATE.name, by, CHOSEN, *matchers)


def steady(summed: str, ago: str = "") -> str:
    """The median of a sum over the last five minutes, or over the five minutes before `ago`."""
    return f"quantile_over_time(0.5, ({summed})[{STEADY}]{f' offset {ago}' if ago else ''})"


def grown(metric: str, by: Iterable[str], *matchers: str, over: str = "$__range") -> str:
    """By how much the sum of `metric` grew in the time; what was not there at its start started at 0.

    Nothing, where Prometheus holds nothing of the start, or a worker was recovering then: it would be the whole past.
    """
    summed = total(metric, by, *matchers)
    was_whole = f"min({READY.name} offset {over}) == 1"
    return f"{steady(summed)} - ({steady(summed, over)} or 0 * {steady(summed)} and on () {was_whole})"


def per_second(metric: Metric, by: Iterable[str]) -> str:
    """How fast a counter of the book grows, over five minutes."""
    return f"({grown(metric.name, by, over='5m')}) / 300"
