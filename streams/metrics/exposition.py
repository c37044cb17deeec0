"""A collector that shows the last snapshot it was given, of whatever process."""

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


class Snapshot(Protocol):
    """A snapshot: a dataclass that says when the event loop last moved, in seconds of the monotonic clock."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def beat(self) -> float: ...


Shown = TypeVar("Shown", bound=Snapshot)
"""The kind of snapshot."""


class SnapshotCollector(Collector, Generic[Shown]):
    """Shows `snapshot`, which whoever sets it replaces whole."""

    snapshot: Shown


BEAT_SECONDS: Final = 1.0


class Heartbeat(Service):
    """Says in the collector's snapshot that the event loop moves, every second; started before the app."""

    def __init__(self, collector: SnapshotCollector[Any]) -> None:
        super().__init__()
        self._collector = collector

    @Service.task
    async def _beat(self) -> None:
        while not self.should_stop:
            self._collector.snapshot = replace(self._collector.snapshot, beat=time.monotonic())
            await self.sleep(BEAT_SECONDS)


NOBODY: Final = "unattributed"
"""The label of a location or staff member that no event named."""


Samples = Counter[tuple[str, ...]]


def family_of(metric: catalogue.Metric, samples: Mapping[tuple[str, ...], float]) -> Metric:
    """A counter or a gauge with these values by labels."""
    kind = CounterMetricFamily if metric.type == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=metric.labels)
    for labels, value in samples.items():
        family.add_metric([label or NOBODY for label in labels], value)
    return family


def commits_of(metric: catalogue.Metric, commits: CommitTimes) -> Metric:
    """The histogram of transactions."""
    bounds = [*map(str, COMMIT_BOUNDS), "+Inf"]
    buckets = list(zip(bounds, map(float, accumulate(commits.counts)), strict=True))
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    family.add_metric([], buckets, sum_value=commits.seconds)
    return family


COMMIT_BOUNDS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Upper bounds in seconds."""


@dataclass(slots=True)
class CommitTimes:
    """The transactions of a worker since it started. counts: by the first bound not exceeded, last those beyond all."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(COMMIT_BOUNDS) + 1))
    seconds: float = 0.0

    def took(self, seconds: float) -> None:
        """One transaction more."""
        self.counts[bisect_left(COMMIT_BOUNDS, seconds)] += 1
        self.seconds += seconds

    def copied(self) -> CommitTimes:
        """As they are now, for a reader in another thread."""
        return CommitTimes(list(self.counts), self.seconds)
