"""The series that a dashboard may query, with their labels: the catalogue, recording rules, and Prometheus' own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from streams.metrics.catalogue import CATALOGUE, COMMIT, INTAKE_COMMIT, Metric

_COMMITS: Final = (COMMIT, INTAKE_COMMIT)

METRICS: Final = {metric.name: metric for metric in CATALOGUE}

SCRAPED: Final = frozenset({"instance", "job"})
"""The labels that Prometheus adds to all series."""

_WINDOW: Final = frozenset({"location", "kind", "basis", "window"})
RECORDED: Final[dict[str, frozenset[str]]] = {
    "location:promises_location:info": frozenset({"location", "display_name", "zone", "feed"}),
    "location_kind:promises_objective:ratio": frozenset({"location", "kind"}),
    "location_kind_window:promises_due:sum": _WINDOW,
    "location_kind_window:promises_kept:sum": _WINDOW,
    "location_kind_window:promises_broken:sum": _WINDOW,
    "location_kind_window:promises_kept_per_promises_due:ratio": _WINDOW,
}
PROMETHEUS: Final[dict[str, frozenset[str]]] = {
    "ALERTS": frozenset({"alertname", "alertstate", "severity", "location", "kind"}),
    "scrape_duration_seconds": SCRAPED,
    "scrape_samples_scraped": SCRAPED,
}


def _samples(metric: Metric) -> Iterator[tuple[str, frozenset[str]]]:
    labels = frozenset(metric.labels) | SCRAPED
    if metric.type != "histogram":
        yield metric.name, labels
        return
    yield f"{metric.name}_bucket", labels | {"le"}
    yield f"{metric.name}_count", labels
    if metric in _COMMITS:
        yield f"{metric.name}_sum", labels


SERIES: Final = RECORDED | PROMETHEUS | dict(pair for metric in METRICS.values() for pair in _samples(metric))
"""The labels of each series."""

OF_THE_PROCESS: Final = frozenset(name for metric in _COMMITS for name, _ in _samples(metric))
OF_PARTITION_STATE: Final = frozenset(
    name
    for metric in METRICS.values()
    if metric.type in ("counter", "histogram") and metric not in _COMMITS
    for name, _ in _samples(metric)
)
"""Counters: those that start with the process, and those of partition state, which move with their partition."""
