"""What intake shows: the counts of the partitions of feeds that it owns, as metrics, and whether it is ready."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from prometheus_client.core import Metric

from schemas.events import TAGS, Clock
from schemas.instants import Instant
from schemas.reading import REFUSAL_REASONS
from streams.engine.partitions import RecoveryProgress
from streams.intake.state import OUTCOMES
from streams.metrics import catalogue
from streams.metrics.exposition import CommitTimes, Samples, SnapshotCollector, commit_histogram, metric_family
from streams.metrics.health import PartitionReadiness, Readiness, build_readiness, health, instant_text

_TYPES = [tag for kind, tag in TAGS.items() if kind is not Clock]


class FeedPartition(NamedTuple):
    """A partition of a feed's topic."""

    feed: str
    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class FeedSnapshot:
    """The counts of one partition of a feed, as its book has them. lag: None where the broker has not answered yet."""

    clock: Instant = 0
    lag: int | None = None
    records: Mapping[str, int] = field(default_factory=dict)
    events: Mapping[str, int] = field(default_factory=dict)
    rejects: Mapping[str, int] = field(default_factory=dict)
    ignored: Mapping[str, int] = field(default_factory=dict)
    needs_fetch: Mapping[str, int] = field(default_factory=dict)


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
        yield metric_family(catalogue.INTAKE_RECORDS, _summed(found, OUTCOMES, "records"))
        yield metric_family(catalogue.INTAKE_EVENTS, _summed(found, _TYPES, "events"))
        yield metric_family(catalogue.INTAKE_REJECTS, _summed(found, REFUSAL_REASONS, "rejects"))
        yield metric_family(catalogue.INTAKE_IGNORED, _summed(found, (), "ignored"))
        yield metric_family(catalogue.INTAKE_NEEDS_FETCH, _summed(found, (), "needs_fetch"))
        yield metric_family(catalogue.INTAKE_LAG, _by_place(found, lambda one: one.lag))
        yield metric_family(
            catalogue.INTAKE_CLOCK, _by_place(found, lambda one: one.clock / 1000 if one.clock else None)
        )
        yield commit_histogram(catalogue.INTAKE_COMMIT, snapshot.commits)
        yield metric_family(catalogue.INTAKE_READY, {(): int(snapshot.ready)})


def intake_readiness(snapshot: IntakeSnapshot, now: float, group: str) -> Readiness:
    """Whether every partition of a feed that this intake owns is open, and how far each is read."""
    return build_readiness(health(snapshot, now), snapshot.ready, list(_states(snapshot)), group)


def _states(snapshot: IntakeSnapshot) -> Iterator[PartitionReadiness]:
    for place, counts in snapshot.partitions.items():
        yield PartitionReadiness(place.partition, "live", clock=instant_text(counts.clock), topic=place.topic)
    for place, recovery in snapshot.recovering.items():
        yield PartitionReadiness(
            place.partition, "recovering", read=recovery.read, total=recovery.total, topic=place.topic
        )


_Found = Mapping[FeedPartition, FeedSnapshot]


def _summed(found: _Found, always: Iterable[str], counted: str) -> Samples:
    """The sums of the counts of that name over the partitions of each feed; `always` there, at 0 if need be."""
    samples: Samples = Counter({(place.feed, name): 0 for place in found for name in always})
    for place, counts in found.items():
        samples.update({(place.feed, name): number for name, number in getattr(counts, counted).items()})
    return samples


def _by_place(found: _Found, value: Callable[[FeedSnapshot], float | None]) -> Mapping[tuple[str, ...], float]:
    values = {(place.feed, str(place.partition)): value(counts) for place, counts in sorted(found.items())}
    return {labels: number for labels, number in values.items() if number is not None}
