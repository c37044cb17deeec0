"""Building blocks for exposing metrics: a collector that shows a snapshot, metric families, and commit durations."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

from mode import Service
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from streams.metrics import catalogue

HEARTBEAT_SECONDS: Final = 1.0
"""The interval at which the event loop reports that it runs."""

UNATTRIBUTED: Final = "unattributed"
"""The label value of a location or staff member that no event named."""

COMMIT_BOUNDS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""The upper bounds of the histogram of commit durations, in seconds."""

Samples = Counter[tuple[str, ...]]
"""The values of a metric by its label values, in the order of the catalogue."""


class Snapshot(Protocol):
    """The counts of a process at one moment: a dataclass.

    beat: the last time the event loop ran, in seconds of the monotonic clock.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def beat(self) -> float: ...


SnapshotType = TypeVar("SnapshotType", bound=Snapshot)


class SnapshotCollector(Collector, Generic[SnapshotType]):
    """A collector that exposes `snapshot`. Assign a new snapshot to replace the old one as a whole."""

    snapshot: SnapshotType


class Heartbeat(Service):
    """A service that writes into the collector's snapshot, every second, that the event loop runs."""

    def __init__(self, collector: SnapshotCollector[Any]) -> None:
        super().__init__()
        self._collector = collector

    @Service.task
    async def _beat(self) -> None:
        while not self.should_stop:
            self._collector.snapshot = replace(self._collector.snapshot, beat=time.monotonic())
            await self.sleep(HEARTBEAT_SECONDS)


@dataclass(slots=True)
class CommitTimes:
    """The durations of the transactions of a process since it started.

    counts: the number of transactions by the first bound of COMMIT_BOUNDS that they did not exceed, then the number of
    those above all bounds. seconds: the sum of the durations.
    """

    counts: list[int] = field(default_factory=lambda: [0] * (len(COMMIT_BOUNDS) + 1))
    seconds: float = 0.0

    def observe(self, seconds: float) -> None:
        """Count one transaction of this duration."""
        self.counts[bisect_left(COMMIT_BOUNDS, seconds)] += 1
        self.seconds += seconds

    def copied(self) -> CommitTimes:
        """Return a copy for a reader in another thread."""
        return CommitTimes(list(self.counts), self.seconds)


def metric_family(metric: catalogue.Metric, samples: Mapping[tuple[str, ...], float]) -> Metric:
    """Return a counter or gauge of the catalogue with these values. An empty label value becomes `unattributed`."""
    family_type = CounterMetricFamily if metric.type == "counter" else GaugeMetricFamily
    family = family_type(metric.name, metric.help, labels=metric.labels)
    for labels, value in samples.items():
        family.add_metric([label or UNATTRIBUTED for label in labels], value)
    return family


def commit_histogram(metric: catalogue.Metric, commits: CommitTimes) -> Metric:
    """Return the histogram of commit durations."""
    bounds = [*map(str, COMMIT_BOUNDS), "+Inf"]
    buckets = list(zip(bounds, map(float, accumulate(commits.counts)), strict=True))
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    family.add_metric([], buckets, sum_value=commits.seconds)
    return family
