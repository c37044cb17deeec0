"""What intake shows: the counts of the partitions of feeds that it owns, as metrics, and whether it is ready."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from prometheus_client.core import Metric

from streams.engine.partitions import RecoveryProgress
from streams.intake.state import FeedProgress
from streams.metrics import catalogue
from streams.metrics.exposition import CommitTimes, Samples, SnapshotCollector, commits_of, family_of
from streams.metrics.health import PartitionReadiness, Readiness, health, readiness_of, shown


class FeedPartition(NamedTuple):
    """A partition of a feed's topic."""

    feed: str
    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class FeedSnapshot:
    """The progress of one partition of a feed. lag: None where the broker has not answered yet."""

    progress: FeedProgress = field(default_factory=FeedProgress)
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
        for name, metric in catalogue.INTAKE_TOTALS.items():
            yield family_of(metric, _summed(found, metric.known, name))
        yield family_of(catalogue.INTAKE_LAG, _by_place(found, lambda one: one.lag))
        yield family_of(catalogue.INTAKE_CLOCK, _by_place(found, _clock))
        yield commits_of(catalogue.INTAKE_COMMIT, snapshot.commits)
        yield family_of(catalogue.INTAKE_READY, {(): int(snapshot.ready)})


def intake_readiness(snapshot: IntakeSnapshot, now: float, group: str) -> Readiness:
    """Whether every partition of a feed that this intake owns is open, and how far each is read."""
    return readiness_of(health(snapshot, now), snapshot.ready, list(_states(snapshot)), group)


def _states(snapshot: IntakeSnapshot) -> Iterator[PartitionReadiness]:
    for place, counts in snapshot.partitions.items():
        yield PartitionReadiness(place.partition, "live", clock=shown(counts.progress.clock), topic=place.topic)
    for place, recovery in snapshot.recovering.items():
        yield PartitionReadiness(
            place.partition, "recovering", read=recovery.read, total=recovery.total, topic=place.topic
        )


_Found = Mapping[FeedPartition, FeedSnapshot]


def _summed(found: _Found, always: Iterable[str], counted: str) -> Samples:
    """The sums of the counts of that name over the partitions of each feed; `always` there, at 0 if need be."""
    samples: Samples = Counter({(place.feed, name): 0 for place in found for name in always})
    for place, counts in found.items():
        samples.update({(place.feed, name): number for name, number in getattr(counts.progress, counted).items()})
    return samples


def _clock(counts: FeedSnapshot) -> float | None:
    return counts.progress.clock / 1000 if counts.progress.clock else None


def _by_place(found: _Found, value: Callable[[FeedSnapshot], float | None]) -> Mapping[tuple[str, ...], float]:
    values = {(place.feed, str(place.partition)): value(counts) for place, counts in sorted(found.items())}
    return {labels: number for labels, number in values.items() if number is not None}
