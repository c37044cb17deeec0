"""What the collector reads: the counts of a worker at one moment, which nobody changes afterwards."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.instants import Instant
from streams.engine.partitions import RecoveryProgress
from streams.metrics.exposition import CommitTimes
from streams.state.changelog import Totals
from streams.state.rows import CountRow
from streams.state.windows import Label


@dataclass(frozen=True, slots=True)
class PartitionSnapshot:
    """The counts of one partition. windows: by label the counts of each window in turn, as `Windows.sums` has them.

    heard: the instant up to which it has heard of each feed, of those of which it has.
    """

    clock: Instant = 0
    rows: Mapping[Label, CountRow] = field(default_factory=dict)
    windows: Mapping[Label, tuple[int, ...]] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)
    heard: Mapping[str, Instant] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkerSnapshot:
    """A worker at one moment, as its event loop saw it.

    ready: the group has told the worker its partitions, and all of them are recovered; a worker that got none, because
    there are more workers than partitions, has nothing to recover and is ready. partitions: the counts of those that
    are recovered. recovering: the others that it owns. commits: how long they took. beat: when the event loop last
    moved, which it says at least every second; in seconds of the monotonic clock.
    """

    ready: bool = False
    partitions: Mapping[int, PartitionSnapshot] = field(default_factory=dict)
    recovering: Mapping[int, RecoveryProgress] = field(default_factory=dict)
    commits: CommitTimes = field(default_factory=CommitTimes)
    beat: float = field(default_factory=time.monotonic)
