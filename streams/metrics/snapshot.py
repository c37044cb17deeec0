"""What the collector reads: the counts of a worker at one moment, which nobody changes afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.instants import Instant
from streams.book.rows import Row
from streams.book.windows import Label


@dataclass(frozen=True, slots=True)
class PartitionCounts:
    """The counts of one partition. windows: by label the counts of each window in turn, as `Windows.sums` has them."""

    clock: Instant = 0
    rows: Mapping[Label, Row] = field(default_factory=dict)
    windows: Mapping[Label, tuple[int, ...]] = field(default_factory=dict)
    events: Mapping[str, int] = field(default_factory=dict)
    rejects: Mapping[str, int] = field(default_factory=dict)
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The counts of all partitions that a worker owns and has recovered; ready: it has recovered all that it owns."""

    ready: bool = False
    partitions: Mapping[int, PartitionCounts] = field(default_factory=dict)
