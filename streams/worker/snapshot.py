"""The counts of a worker at one moment, copied for the thread that serves /metrics."""

from __future__ import annotations

import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field

from schemas.instants import Instant
from streams.engine.partitions import RecoveryProgress
from streams.metrics.exposition import CommitTimes
from streams.state.changelog import RecordCounters
from streams.state.partition import PartitionState
from streams.state.rows import CountRow
from streams.state.windows import Label


@dataclass(frozen=True, slots=True)
class PartitionSnapshot:
    """The counts of one partition.

    windows: by label, the sums of each window in turn, in the layout of `Windows.sums`.
    feed_watermarks: the instant up to which each feed is known; feeds that never reported are left out.
    """

    watermark: Instant = 0
    rows: Mapping[Label, CountRow] = field(default_factory=dict)
    windows: Mapping[Label, tuple[int, ...]] = field(default_factory=dict)
    counters: RecordCounters = field(default_factory=RecordCounters)
    feed_watermarks: Mapping[str, Instant] = field(default_factory=dict)

    @classmethod
    def of(cls, state: PartitionState) -> PartitionSnapshot:
        """Copy the counts of a partition."""
        return cls(
            watermark=state.watermark.now,
            rows=state.counts.copied_rows(),
            windows=state.counts.windows.sums(),
            counters=deepcopy(state.counters),
            feed_watermarks=state.feed_watermarks,
        )


@dataclass(frozen=True, slots=True)
class WorkerSnapshot:
    """The counts of a worker at one moment. Nothing changes them afterwards.

    ready: the consumer group has assigned the worker its partitions, and all of them are recovered. A worker without a
    partition, because there are more workers than partitions, is ready too.
    partitions: the counts of the recovered partitions. recovering: the progress of the other partitions.
    commits: the durations of the transactions so far.
    beat: the last time the event loop ran, in seconds of the monotonic clock; at most a second old in a healthy worker.
    """

    ready: bool = False
    partitions: Mapping[int, PartitionSnapshot] = field(default_factory=dict)
    recovering: Mapping[int, RecoveryProgress] = field(default_factory=dict)
    commits: CommitTimes = field(default_factory=CommitTimes)
    beat: float = field(default_factory=time.monotonic)
