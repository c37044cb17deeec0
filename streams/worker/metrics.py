"""The collector: from a snapshot to metric families. Whatever can be counted is there at 0 before it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Final

from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric

from schemas.instants import Instant
from schemas.words import BASES, LATE, ON_TIME, PENDING, RULINGS, UNDELIVERED, VERDICTS
from streams.metrics import catalogue
from streams.metrics.exposition import NOBODY, Samples, SnapshotCollector, commits_of, family_of
from streams.metrics.health import PartitionReadiness, Readiness, health, readiness_of, shown
from streams.state.changelog import Totals
from streams.state.rows import HELD, LATENESS_BOUNDS, OPEN, PART_OF, STAFF_JUDGED, BasisCounts, CountRow, way
from streams.state.windows import PLACES, WIDTHS, Label
from streams.worker.snapshot import PartitionSnapshot, WorkerSnapshot

_ALWAYS: Final = sum(1 << RULINGS.index(ruling) for ruling in (ON_TIME, LATE, UNDELIVERED, PENDING))
"""The rulings that every row shows, as bits of `BasisCounts.seen`."""

_WAYS: Final = [
    (way(before, after), HELD[before], HELD[after])
    for before in range(len(HELD))
    for after in range(len(HELD))
    if before != after
]
_BOUNDS: Final = [*(f"{bound:.1f}" for bound in LATENESS_BOUNDS), "+Inf"]


class WorkerCollector(SnapshotCollector[WorkerSnapshot]):
    """Exposes the last snapshot that it was given. Setting `snapshot` replaces it whole."""

    def __init__(self) -> None:
        self.snapshot = WorkerSnapshot()

    def collect(self) -> Iterator[Metric]:
        """All metrics of the catalogue, summed over the partitions."""
        snapshot = self.snapshot
        counts = list(snapshot.partitions.values())
        rows = _rows(counts)
        by_basis = list(_by_basis(rows))
        yield family_of(catalogue.STATE, _state(by_basis))
        yield family_of(catalogue.STAFF_STATE, _staff(rows))
        for field, metric in catalogue.ROW_TOTALS.items():
            yield family_of(metric, Counter({tuple(label): getattr(row, field) for label, row in rows.items()}))
        yield family_of(catalogue.VERDICTS, _verdicts(by_basis))
        yield family_of(catalogue.REVISED, _revised(by_basis))
        yield _lateness(by_basis)
        yield family_of(catalogue.WINDOW_KEPT, _windows(rows, counts, kept=True))
        yield family_of(catalogue.WINDOW_DUE, _windows(rows, counts, kept=False))
        totals = _totals(counts)
        for field, metric in catalogue.TOTALS.items():
            yield family_of(metric, _samples(metric, getattr(totals, field)))
        yield _clock(snapshot)
        yield _feeds(counts)
        yield commits_of(catalogue.COMMIT, snapshot.commits)
        yield family_of(catalogue.READY, Counter({(): int(snapshot.ready)}))


def _rows(counts: Iterable[PartitionSnapshot]) -> dict[Label, CountRow]:
    """The rows of all partitions, added up."""
    rows: dict[Label, CountRow] = {}
    for one in counts:
        for label, row in one.rows.items():
            rows.setdefault(label, CountRow.of(label)).add(row)
    return rows


Labelled = tuple[tuple[str, ...], BasisCounts]
"""The counts of a row on one basis, with their labels."""


def _by_basis(rows: Mapping[Label, CountRow]) -> Iterator[Labelled]:
    for label, row in rows.items():
        for number, basis in enumerate(BASES):
            yield (*label, basis), row.on(number)


def _state(rows: Iterable[Labelled]) -> Samples:
    """The rulings that a row always shows, and those that ever stood in it."""
    samples: Samples = Counter()
    for labels, counts in rows:
        shown = counts.seen | _ALWAYS
        for code, ruling in enumerate(RULINGS):
            if shown >> code & 1:
                samples[*labels, *ruling] = counts.net[code]
    return samples


def _staff(rows: Mapping[Label, CountRow]) -> Samples:
    """Every verdict of whoever answers for anything now, or has been judged."""
    samples: Samples = Counter()
    for (location, kind), row in rows.items():
        for number, basis in enumerate(BASES):
            for staff, counts in row.staff_on(number):
                if counts[OPEN] or row.staff[staff].counts[STAFF_JUDGED]:
                    for verdict, count in zip(VERDICTS, counts, strict=True):
                        samples[location, staff, kind, basis, verdict] = count
    return samples


def _verdicts(rows: Iterable[Labelled]) -> Samples:
    settled = [(code, verdict) for code, verdict in enumerate(VERDICTS) if code != OPEN]
    return Counter({(*labels, verdict): counts.first[code] for labels, counts in rows for code, verdict in settled})


def _revised(rows: Iterable[Labelled]) -> Samples:
    """Every way between two verdicts; those from and to none once somebody went them."""
    samples: Samples = Counter()
    for labels, counts in rows:
        for place, before, after in _WAYS:
            count = counts.revised[place]
            if count or "none" not in (before, after):
                samples[*labels, before, after] = count
    return samples


def _lateness(rows: Iterable[Labelled]) -> Metric:
    """Without a sum: lateness has both signs, and the sum of a histogram must only grow."""
    metric = catalogue.LATENESS
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, counts in rows:
        buckets = list(zip(_BOUNDS, map(float, accumulate(counts.lateness)), strict=True))
        family.add_metric([part or NOBODY for part in labels], buckets, sum_value=None)
    return family


def _windows(rows: Mapping[Label, CountRow], counts: Iterable[PartitionSnapshot], *, kept: bool) -> Samples:
    places = [
        (basis, window, number * PLACES + (not kept), number * PLACES + (not kept) + 2 * part)
        for number, window in enumerate(WIDTHS)
        for part, basis in zip(PART_OF, BASES, strict=True)
    ]
    samples: Samples = Counter({(*label, basis, window): 0 for label in rows for basis, window, *_ in places})
    for one in counts:
        for label, sums in one.windows.items():
            for basis, window, both, own in places:
                samples[*label, basis, window] += sums[both] + sums[own]
    return samples


def _totals(counts: Iterable[PartitionSnapshot]) -> Totals:
    """Return the counters of all partitions, added up."""
    totals = Totals()
    for partition in counts:
        totals.add(partition.totals)
    return totals


def _samples(metric: catalogue.Metric, total: int | Mapping[str, int]) -> Samples:
    """Return the samples of a metric without a label, or with one."""
    if isinstance(total, int):
        return Counter({(): total})
    return Counter({(name,): total.get(name, 0) for name in dict.fromkeys((*metric.known, *total))})


def _clock(snapshot: WorkerSnapshot) -> Metric:
    metric = catalogue.CLOCK
    family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    for partition, one in sorted(snapshot.partitions.items()):
        family.add_metric([str(partition)], one.clock / 1000)
    return family


def _feeds(counts: Iterable[PartitionSnapshot]) -> Metric:
    """What is heard of a feed in every partition: it is no further than where it was heard least."""
    metric = catalogue.FEED
    family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    heard: dict[str, Instant] = {}
    for one in counts:
        for feed, upto in one.heard.items():
            heard[feed] = min(upto, heard.get(feed, upto))
    for feed, upto in sorted(heard.items()):
        family.add_metric([feed], upto / 1000)
    return family


def readiness(snapshot: WorkerSnapshot, now: float, group: str) -> Readiness:
    """Whether every partition that the worker owns is recovered, and how far those are that are not."""
    return readiness_of(health(snapshot, now), snapshot.ready, list(_partitions(snapshot)), group)


def _partitions(snapshot: WorkerSnapshot) -> Iterator[PartitionReadiness]:
    for partition, counts in snapshot.partitions.items():
        yield PartitionReadiness(partition, "live", clock=shown(counts.clock))
    for partition, recovery in snapshot.recovering.items():
        yield PartitionReadiness(partition, "recovering", read=recovery.read, total=recovery.total)
