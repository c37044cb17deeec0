"""What intake shows: the counts of the partitions of feeds that it owns, as metrics, and whether it is ready."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from prometheus_client.core import Metric

from schemas.events import TAGS, Clock
from schemas.reading import REFUSAL_REASONS
from streams.engine.partitions import RecoveryProgress
from streams.intake.state import OUTCOMES, FeedProgress
from streams.metrics import catalogue
from streams.metrics.exposition import CommitTimes, Samples, SnapshotCollector, commit_histogram, metric_family
from streams.metrics.health import PartitionReadiness, Readiness, build_readiness, health, instant_text

_KNOWN_LABELS: Final = {
    catalogue.INTAKE_RECORDS: OUTCOMES,
    catalogue.INTAKE_EVENTS: tuple(tag for kind, tag in TAGS.items() if kind is not Clock),
    catalogue.INTAKE_REJECTS: REFUSAL_REASONS,
}
"""The label values that a counter of a feed shows from the start."""


class FeedPartition(NamedTuple):
    """A partition of a feed's topic."""

    feed: str
    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class FeedSnapshot:
    """The progress of one partition of a feed. lag: records still to read; None until the broker has answered."""

    progress: FeedProgress
    lag: int | None = None


@dataclass(frozen=True, slots=True)
class IntakeSnapshot:
    """Intake at one moment, as its event loop saw it. See Snapshot, of a worker."""

    ready: bool = False
    partitions: Mapping[FeedPartition, FeedSnapshot] = field(default_factory=dict)
    recovering: Mapping[FeedPartition, RecoveryProgress] = field(default_factory=dict)
    commits: CommitTimes = field(default_factory=CommitTimes)
    beat: float = field(default_factory=time.monotonic)


class IntakeCollector(SnapshotCollector[IntakeSnapshot]):
    """Exposes the last snapshot that it was given. Setting `snapshot` replaces it whole."""

    def __init__(self) -> None:
        self.snapshot = IntakeSnapshot()

    def collect(self) -> Iterator[Metric]:
        """All metrics of intake in the catalogue, summed over the partitions of each feed."""
        snapshot = self.snapshot
        found = snapshot.partitions
        for metric in catalogue.FEED_COUNTERS:
            yield metric_family(metric, _feed_counter(metric, found))
        yield metric_family(catalogue.INTAKE_LAG, _by_place(found, lambda one: one.lag))
        yield metric_family(catalogue.INTAKE_CLOCK, _by_place(found, _clock_seconds))
        yield commit_histogram(catalogue.INTAKE_COMMIT, snapshot.commits)
        yield metric_family(catalogue.INTAKE_READY, {(): int(snapshot.ready)})


def intake_readiness(snapshot: IntakeSnapshot, now: float, group: str) -> Readiness:
    """Whether every partition of a feed that this intake owns is open, and how far each is read."""
    return build_readiness(health(snapshot, now), snapshot.ready, list(_states(snapshot)), group)


def _states(snapshot: IntakeSnapshot) -> Iterator[PartitionReadiness]:
    for place, counts in snapshot.partitions.items():
        yield PartitionReadiness(place.partition, "live", clock=instant_text(counts.progress.clock), topic=place.topic)
    for place, recovery in snapshot.recovering.items():
        yield PartitionReadiness(
            place.partition, "recovering", read=recovery.read, total=recovery.total, topic=place.topic
        )


_Found = Mapping[FeedPartition, FeedSnapshot]


def _feed_counter(metric: catalogue.Metric, found: _Found) -> Samples:
    """Return the sums of the field of FeedProgress that `metric` shows, by feed and label value."""
    known = _KNOWN_LABELS.get(metric, ())
    samples: Samples = Counter({(place.feed, label): 0 for place in found for label in known})
    for place, counts in found.items():
        for label, count in getattr(counts.progress, metric.counter).items():
            samples[place.feed, label] += count
    return samples


def _clock_seconds(counts: FeedSnapshot) -> float | None:
    return counts.progress.clock / 1000 if counts.progress.clock else None


def _by_place(found: _Found, value: Callable[[FeedSnapshot], float | None]) -> Mapping[tuple[str, ...], float]:
    values = {(place.feed, str(place.partition)): value(counts) for place, counts in sorted(found.items())}
    return {labels: number for labels, number in values.items() if number is not None}
