"""The contents of /healthz and /readyz: whether a process is alive, and whether it is ready. Pure.

A process is alive while its event loop runs; a supervisor should restart one that is not. It is ready when its numbers
can be relied on. A worker that is recovering its partitions is alive but not ready: restarting it would only cost time.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from schemas.instants import Instant, format_instant
from streams.metrics.exposition import Snapshot

STALLED_SECONDS: Final = 10.0
"""The longest pause of a healthy event loop. It reports every second, and one step of it takes milliseconds."""


class Health(msgspec.Struct, frozen=True):
    """The document at /healthz. says: the same as a sentence for people."""

    healthy: bool
    says: str


class PartitionReadiness(msgspec.Struct, frozen=True, omit_defaults=True):
    """A partition that the process owns.

    clock: the watermark of a live partition, RFC 3339. read, total: the offset reached in the changelog of a recovering
    partition, and the offset where it ends. topic: the topic, unless it is promise.events.
    """

    partition: int
    state: Literal["live", "recovering"]
    clock: str | None = None
    read: int | None = None
    total: int | None = None
    topic: str | None = None


class Readiness(msgspec.Struct, frozen=True):
    """The document at /readyz. says: the same as a sentence for people. group: the consumer group of the process.
    partitions: the partitions that it owns."""

    ready: bool
    says: str
    group: str
    partitions: list[PartitionReadiness]


def health(snapshot: Snapshot, now: float) -> Health:
    """Return whether the event loop runs. now: seconds of the monotonic clock, like `snapshot.beat`."""
    return health_at(snapshot.beat, now)


def health_at(beat: float, now: float) -> Health:
    """Return whether an event loop runs that last reported at `beat`, in seconds of the monotonic clock."""
    age = now - beat
    if age <= STALLED_SECONDS:
        return Health(True, f"the event loop last ran {age:.1f} s ago")
    return Health(
        False, f"the event loop has been stuck for {age:.1f} s, longer than {STALLED_SECONDS:g} s: restart the process"
    )


def build_readiness(alive: Health, ready: bool, partitions: list[PartitionReadiness], group: str) -> Readiness:
    """Return the readiness of a process with these partitions.

    ready: the consumer group has assigned its partitions, and all of them are recovered.
    """
    says = _sentence(partitions, ready) if alive.healthy else alive.says
    return Readiness(alive.healthy and ready, says, group, sorted(partitions, key=_sort_key))


def _sort_key(partition: PartitionReadiness) -> tuple[str, int]:
    return partition.topic or "", partition.partition


def instant_text(watermark: Instant) -> str | None:
    """Return the watermark as RFC 3339; None for a partition that has no record with a time yet."""
    return format_instant(watermark) if watermark else None


def _sentence(partitions: list[PartitionReadiness], ready: bool) -> str:
    recovering = sum(partition.state == "recovering" for partition in partitions)
    if recovering:
        return f"{recovering} of {len(partitions)} partitions are recovering"
    if not ready:
        return "waiting for the consumer group to assign partitions"
    if not partitions:
        return "no partition is assigned: there are at least as many other workers as partitions; standing by"
    return f"all {len(partitions)} partitions are live"
