"""The metrics of intake, made from its last snapshot, and its readiness."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from prometheus_client.core import Metric

from schemas.events import TAGS, Clock
from schemas.instants import Instant
from schemas.reading import REFUSAL_REASONS
from streams.engine.partitions import RecoveryProgress
from streams.intake.state import OUTCOMES, FeedProgress, FeedState
from streams.metrics import catalogue
from streams.metrics.exposition import CommitTimes, Samples, SnapshotCollector, commit_histogram, metric_family
from streams.metrics.health import PartitionReadiness, Readiness, build_readiness, health, instant_text

_KNOWN_LABELS: Final = {
    catalogue.INTAKE_RECORDS: OUTCOMES,
    catalogue.INTAKE_EVENTS: tuple(tag for event, tag in TAGS.items() if event is not Clock),
    catalogue.INTAKE_REJECTS: REFUSAL_REASONS,
}
"""The label values that a counter of a feed shows from the start."""


class FeedPartition(NamedTuple):
    """A partition of a feed's topic. feed: empty while the partition is being recovered."""

    feed: str
    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class FeedSnapshot:
    """The counts of one partition of a feed. lag: None until the broker first answers."""

    progress: FeedProgress = field(default_factory=FeedProgress)
    lag: int | None = None

    @property
    def watermark(self) -> Instant:
        """The instant up to which the partition is complete; 0 before the first report."""
        return self.progress.clock

    @classmethod
    def of(cls, state: FeedState, lag: int | None) -> FeedSnapshot:
        """Copy the counts of a partition."""
        return cls(deepcopy(state.progress), lag)


@dataclass(frozen=True, slots=True)
class IntakeSnapshot:
    """The counts of intake at one moment. See WorkerSnapshot for the fields."""

    ready: bool = False
    partitions: Mapping[FeedPartition, FeedSnapshot] = field(default_factory=dict)
    recovering: Mapping[FeedPartition, RecoveryProgress] = field(default_factory=dict)
    commits: CommitTimes = field(default_factory=CommitTimes)
    beat: float = field(default_factory=time.monotonic)


class IntakeCollector(SnapshotCollector[IntakeSnapshot]):
    """The collector of intake's metrics. Assign `snapshot` to replace what it exposes."""

    def __init__(self) -> None:
        self.snapshot = IntakeSnapshot()

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics of intake in the catalogue, summed over the partitions of each feed."""
        snapshot = self.snapshot
        partitions = snapshot.partitions
        for metric in catalogue.FEED_COUNTERS:
            yield metric_family(metric, _feed_counter(metric, partitions))
        yield metric_family(catalogue.INTAKE_LAG, _by_partition(partitions, lambda feed: feed.lag))
        yield metric_family(
            catalogue.INTAKE_CLOCK,
            _by_partition(partitions, lambda feed: feed.watermark / 1000 if feed.watermark else None),
        )
        yield commit_histogram(catalogue.INTAKE_COMMIT, snapshot.commits)
        yield metric_family(catalogue.INTAKE_READY, {(): int(snapshot.ready)})


def intake_readiness(snapshot: IntakeSnapshot, now: float, group: str) -> Readiness:
    """Return whether all partitions of intake are recovered, and the watermark or progress of each."""
    return build_readiness(health(snapshot, now), snapshot.ready, list(_partitions(snapshot)), group)


def _partitions(snapshot: IntakeSnapshot) -> Iterator[PartitionReadiness]:
    for (_, topic, partition), feed in snapshot.partitions.items():
        yield PartitionReadiness(partition, "live", clock=instant_text(feed.watermark), topic=topic)
    for (_, topic, partition), progress in snapshot.recovering.items():
        yield PartitionReadiness(partition, "recovering", read=progress.read, total=progress.total, topic=topic)


_Partitions = Mapping[FeedPartition, FeedSnapshot]


def _feed_counter(metric: catalogue.Metric, partitions: _Partitions) -> Samples:
    """Return the sums of the field of FeedProgress that `metric` shows, by feed and label value."""
    known = _KNOWN_LABELS.get(metric, ())
    samples: Samples = Counter({(partition.feed, label): 0 for partition in partitions for label in known})
    for partition, snapshot in partitions.items():
        for label, count in getattr(snapshot.progress, metric.counter).items():
            samples[partition.feed, label] += count
    return samples


def _by_partition(
    partitions: _Partitions, value: Callable[[FeedSnapshot], float | None]
) -> Mapping[tuple[str, ...], float]:
    values = {(key.feed, str(key.partition)): value(snapshot) for key, snapshot in sorted(partitions.items())}
    return {labels: number for labels, number in values.items() if number is not None}
