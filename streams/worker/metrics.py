"""The metrics of a worker, and its readiness. Counters are exported as 0 before their first increment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Final

from prometheus_client.core import HistogramMetricFamily, Metric

from schemas.events import TAGS
from schemas.instants import Instant
from schemas.reading import REFUSAL_REASONS
from schemas.words import BASES, LATE, ON_TIME, PENDING, RULINGS, UNDELIVERED, VERDICTS
from streams.metrics import catalogue
from streams.metrics.exposition import UNATTRIBUTED, Samples, SnapshotCollector, commit_histogram, metric_family
from streams.metrics.health import PartitionReadiness, Readiness, build_readiness, health, instant_text
from streams.state.rows import LATENESS_BOUNDS, OPEN, STAFF_JUDGED, BasisCounts, CountRow
from streams.state.windows import WIDTHS, Label, by_basis
from streams.worker.snapshot import PartitionSnapshot, WorkerSnapshot

_ALWAYS_SHOWN: Final = sum(1 << RULINGS.index(ruling) for ruling in (ON_TIME, LATE, UNDELIVERED, PENDING))
"""The rulings that every row shows, as bits of `BasisCounts.seen`."""

_BOUNDS: Final = [*(f"{bound:.1f}" for bound in LATENESS_BOUNDS), "+Inf"]
_KNOWN_LABELS: Final = {catalogue.EVENTS: tuple(TAGS.values()), catalogue.REJECTS: REFUSAL_REASONS}
"""The label values that a record counter shows from the start."""


class WorkerCollector(SnapshotCollector[WorkerSnapshot]):
    """The collector of a worker's metrics. Assign `snapshot` to replace what it exposes."""

    def __init__(self) -> None:
        self.snapshot = WorkerSnapshot()

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics of the catalogue, summed over the partitions."""
        snapshot = self.snapshot
        partitions = list(snapshot.partitions.values())
        rows = _sum_rows(partitions)
        rows_by_basis = list(_rows_by_basis(rows))
        yield metric_family(catalogue.STATE, _state(rows_by_basis))
        yield metric_family(catalogue.STAFF_STATE, _staff(rows))
        for metric in catalogue.ROW_COUNTERS:
            yield metric_family(metric, _row_counter(metric, rows))
        yield metric_family(catalogue.VERDICTS, _verdicts(rows_by_basis))
        yield metric_family(catalogue.REVISED, _revised(rows_by_basis))
        yield _lateness(rows_by_basis)
        yield metric_family(catalogue.WINDOW_KEPT, _windows(rows, partitions, kept=True))
        yield metric_family(catalogue.WINDOW_DUE, _windows(rows, partitions, kept=False))
        for metric in catalogue.RECORD_COUNTERS:
            yield metric_family(metric, _record_counter(metric, partitions))
        yield metric_family(catalogue.CLOCK, _watermarks(snapshot))
        yield metric_family(catalogue.FEED, _feed_watermarks(partitions))
        yield commit_histogram(catalogue.COMMIT, snapshot.commits)
        yield metric_family(catalogue.READY, {(): int(snapshot.ready)})


def _sum_rows(partitions: Iterable[PartitionSnapshot]) -> dict[Label, CountRow]:
    rows: dict[Label, CountRow] = {}
    for partition in partitions:
        for label, row in partition.rows.items():
            rows.setdefault(label, CountRow.of(label)).add(row)
    return rows


Labelled = tuple[tuple[str, ...], BasisCounts]
"""The counts of a row on one basis, with the values of the labels location, kind and basis."""


def _rows_by_basis(rows: Mapping[Label, CountRow]) -> Iterator[Labelled]:
    for label, row in rows.items():
        for basis, counts in row.by_basis():
            yield (*label, basis), counts


def _state(rows: Iterable[Labelled]) -> Samples:
    """Return the rulings that a row always shows, and every ruling that ever occurred in it."""
    samples: Samples = Counter()
    for labels, counts in rows:
        shown = counts.seen | _ALWAYS_SHOWN
        for code, ruling in enumerate(RULINGS):
            if shown >> code & 1:
                samples[*labels, *ruling] = counts.net[code]
    return samples


def _staff(rows: Mapping[Label, CountRow]) -> Samples:
    """Return every verdict of each staff member who answers for an open promise or was ever judged."""
    samples: Samples = Counter()
    for (location, kind), row in rows.items():
        for basis in BASES:
            for staff, counts in row.staff_on(basis):
                if counts[OPEN] or row.staff[staff].counts[STAFF_JUDGED]:
                    for verdict, count in zip(VERDICTS, counts, strict=True):
                        samples[location, staff, kind, basis, verdict] = count
    return samples


def _row_counter(metric: catalogue.Metric, rows: Mapping[Label, CountRow]) -> Samples:
    return Counter({tuple(label): getattr(row, metric.counter) for label, row in rows.items()})


def _verdicts(rows: Iterable[Labelled]) -> Samples:
    settled = [(code, verdict) for code, verdict in enumerate(VERDICTS) if code != OPEN]
    return Counter({(*labels, verdict): counts.first[code] for labels, counts in rows for code, verdict in settled})


def _revised(rows: Iterable[Labelled]) -> Samples:
    """Return every revision between two verdicts, and those from or to `none` that occurred."""
    samples: Samples = Counter()
    for labels, counts in rows:
        for before, after, count in counts.revisions():
            if count or "none" not in (before, after):
                samples[*labels, before, after] = count
    return samples


def _lateness(rows: Iterable[Labelled]) -> Metric:
    """Return the histogram without a sum: lateness may be negative, and the sum of a histogram must only grow."""
    metric = catalogue.LATENESS
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, counts in rows:
        buckets = list(zip(_BOUNDS, map(float, accumulate(counts.lateness)), strict=True))
        family.add_metric([label or UNATTRIBUTED for label in labels], buckets, sum_value=None)
    return family


def _windows(rows: Mapping[Label, CountRow], partitions: Iterable[PartitionSnapshot], *, kept: bool) -> Samples:
    samples: Samples = Counter({(*label, basis, window): 0 for label in rows for basis in BASES for window in WIDTHS})
    for partition in partitions:
        for label, sums in partition.windows.items():
            for count in by_basis(sums):
                samples[*label, count.basis, count.window] += count.kept if kept else count.due
    return samples


def _record_counter(metric: catalogue.Metric, partitions: Iterable[PartitionSnapshot]) -> Samples:
    """Return the sums of the field of RecordCounters that `metric` shows: a number, or numbers by label value."""
    samples: Samples = Counter({(label,): 0 for label in _KNOWN_LABELS.get(metric, ())})
    for partition in partitions:
        counts = getattr(partition.counters, metric.counter)
        samples.update({(label,): count for label, count in counts.items()} if metric.labels else {(): counts})
    return samples if metric.labels else Counter({(): samples[()]})


def _watermarks(snapshot: WorkerSnapshot) -> Mapping[tuple[str, ...], float]:
    return {(str(number),): counts.watermark / 1000 for number, counts in sorted(snapshot.partitions.items())}


def _feed_watermarks(partitions: Iterable[PartitionSnapshot]) -> Mapping[tuple[str, ...], float]:
    """Return the earliest watermark of each feed over the partitions: a feed is complete only up to there."""
    earliest: dict[str, Instant] = {}
    for partition in partitions:
        for feed, watermark in partition.feed_watermarks.items():
            earliest[feed] = min(watermark, earliest.get(feed, watermark))
    return {(feed,): watermark / 1000 for feed, watermark in sorted(earliest.items())}


def readiness(snapshot: WorkerSnapshot, now: float, group: str) -> Readiness:
    """Return whether all partitions of the worker are recovered, and the progress of each that is not."""
    return build_readiness(health(snapshot, now), snapshot.ready, list(_partitions(snapshot)), group)


def _partitions(snapshot: WorkerSnapshot) -> Iterator[PartitionReadiness]:
    for partition, counts in snapshot.partitions.items():
        yield PartitionReadiness(partition, "live", clock=instant_text(counts.watermark))
    for partition, progress in snapshot.recovering.items():
        yield PartitionReadiness(partition, "recovering", read=progress.read, total=progress.total)
