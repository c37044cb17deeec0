"""The collector: from a snapshot to metric families. Whatever can be counted is there at 0 before it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate, permutations
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from schemas.events import TAGS
from schemas.reading import REFUSAL_REASONS
from schemas.words import LATE, ON_TIME, PENDING, UNDELIVERED, VERDICTS
from streams.book.tally import LATENESS_BOUNDS, Held, Row
from streams.book.windows import WIDTHS, Label
from streams.metrics import catalogue
from streams.metrics.snapshot import PartitionCounts, Snapshot

NOBODY: Final = "unattributed"
"""The label of a location or staff member that no event named."""

_ALWAYS: Final = (ON_TIME, LATE, UNDELIVERED, PENDING)
_BOUNDS: Final = [*(f"{bound:.1f}" for bound in LATENESS_BOUNDS), "+Inf"]
_Samples = Counter[tuple[str, ...]]


class SnapshotCollector(Collector):
    """Exposes the last snapshot that it was given. Setting `snapshot` replaces it whole."""

    def __init__(self) -> None:
        self.snapshot = Snapshot()

    def collect(self) -> Iterator[Metric]:
        """All metrics of the catalogue, summed over the partitions."""
        snapshot = self.snapshot
        counts = list(snapshot.partitions.values())
        rows = _rows(counts)
        yield _family(catalogue.STATE, _state(rows))
        yield _family(catalogue.STAFF_STATE, _staff(rows))
        yield _family(catalogue.MADE, _made(rows))
        yield _family(catalogue.VERDICTS, _verdicts(rows))
        yield _family(catalogue.REVISED, _revised(rows))
        yield _lateness(rows)
        yield _family(catalogue.WINDOW_KEPT, _windows(rows, counts, kept=True))
        yield _family(catalogue.WINDOW_DUE, _windows(rows, counts, kept=False))
        yield _family(catalogue.EVENTS, _by_name(TAGS.values(), (c.events for c in counts)))
        yield _family(catalogue.DUPLICATES, Counter({(): sum(c.duplicates for c in counts)}))
        yield _family(catalogue.REJECTS, _by_name(REFUSAL_REASONS, (c.rejects for c in counts)))
        yield _clock(snapshot)
        yield _family(catalogue.READY, Counter({(): int(snapshot.ready)}))


def _family(metric: catalogue.Metric, samples: _Samples) -> Metric:
    kind = CounterMetricFamily if metric.type == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=metric.labels)
    for labels, value in samples.items():
        family.add_metric([label or NOBODY for label in labels], value)
    return family


def _rows(counts: Iterable[PartitionCounts]) -> dict[Label, Row]:
    """The rows of all partitions, added up."""
    rows: dict[Label, Row] = {}
    for one in counts:
        for label, row in one.rows.items():
            rows.setdefault(label, Row(label)).add(row)
    return rows


def _state(rows: Mapping[Label, Row]) -> _Samples:
    samples: _Samples = Counter()
    for label, row in rows.items():
        for ruling in (*_ALWAYS, *row.net):
            samples[*label, *ruling] = row.net[ruling]
    return samples


def _staff(rows: Mapping[Label, Row]) -> _Samples:
    """Every verdict of whoever answers for anything now, or has been judged."""
    samples: _Samples = Counter()
    for (location, kind, basis), row in rows.items():
        for staff in {staff for (staff, verdict), count in row.staff.items() if count or verdict != "open"}:
            for verdict in VERDICTS:
                samples[location, staff, kind, basis, verdict] = row.staff[staff, verdict]
    return samples


def _made(rows: Mapping[Label, Row]) -> _Samples:
    """Both bases count the same promises: one of them is enough."""
    return Counter({(label.location, label.kind): row.made for label, row in rows.items() if label.basis == "original"})


def _verdicts(rows: Mapping[Label, Row]) -> _Samples:
    settled = [verdict for verdict in VERDICTS if verdict != "open"]
    return Counter({(*label, verdict): row.first[verdict] for label, row in rows.items() for verdict in settled})


def _revised(rows: Mapping[Label, Row]) -> _Samples:
    ways: list[tuple[Held, Held]] = list(permutations(VERDICTS, 2))
    return Counter({(*label, *way): row.revised[way] for label, row in rows.items() for way in (*ways, *row.revised)})


def _lateness(rows: Mapping[Label, Row]) -> Metric:
    """Without a sum: lateness has both signs, and the sum of a histogram must only grow."""
    metric = catalogue.LATENESS
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    for label, row in rows.items():
        buckets = list(zip(_BOUNDS, map(float, accumulate(row.lateness)), strict=True))
        family.add_metric([part or NOBODY for part in label], buckets, sum_value=None)
    return family


def _windows(rows: Mapping[Label, Row], counts: Iterable[PartitionCounts], *, kept: bool) -> _Samples:
    samples: _Samples = Counter({(*label, window): 0 for label in rows for window in WIDTHS})
    for one in counts:
        for window, sums in one.windows.items():
            for label, (number_kept, number_due) in sums.items():
                samples[*label, window] += number_kept if kept else number_due
    return samples


def _by_name(names: Iterable[str], counts: Iterable[Mapping[str, int]]) -> _Samples:
    samples: _Samples = Counter({(name,): 0 for name in names})
    for one in counts:
        samples.update({(name,): number for name, number in one.items()})
    return samples


def _clock(snapshot: Snapshot) -> Metric:
    metric = catalogue.CLOCK
    family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    for partition, one in sorted(snapshot.partitions.items()):
        family.add_metric([str(partition)], one.clock / 1000)
    return family
