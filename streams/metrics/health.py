"""Whether a worker is alive and whether it is ready, as it says at /healthz and /readyz. Pure.

Alive: its event loop moves; whoever supervises the process starts one again that is not. Ready: its numbers can be
relied on. A worker that reads its partitions back is alive and not ready: to start it again would only set it back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from schemas.instants import Instant, show
from streams.metrics.snapshot import Snapshot

STILL_SECONDS: Final = 10.0
"""How long the event loop may stand still: it says every second that it moves, and a step of it takes milliseconds."""


class Health(msgspec.Struct, frozen=True):
    """What /healthz says. says: the same for people."""

    healthy: bool
    says: str


class PartitionState(msgspec.Struct, frozen=True, omit_defaults=True):
    """A partition that the worker owns. clock: RFC 3339, where it is live. read, total: where it recovers, the offset
    reached in its changelog and where that ends."""

    partition: int
    state: Literal["live", "recovering"]
    clock: str | None = None
    read: int | None = None
    total: int | None = None


class Readiness(msgspec.Struct, frozen=True):
    """What /readyz says. group: the consumer group that the worker works for. partitions: those that it owns."""

    ready: bool
    says: str
    group: str
    partitions: list[PartitionState]


def health(snapshot: Snapshot, now: float) -> Health:
    """Whether the event loop moves. `now` is of the monotonic clock, as `snapshot.beat` is."""
    age = now - snapshot.beat
    if age <= STILL_SECONDS:
        return Health(True, f"the event loop moved {age:.1f} s ago")
    return Health(False, f"the event loop has stood still for {age:.1f} s; after {STILL_SECONDS:g} s, start it again")


def readiness(snapshot: Snapshot, now: float, group: str) -> Readiness:
    """Whether every partition that the worker owns is recovered, and how far those are that are not."""
    alive = health(snapshot, now)
    partitions = sorted(_partitions(snapshot), key=lambda one: one.partition)
    says = _says(snapshot) if alive.healthy else alive.says
    return Readiness(alive.healthy and snapshot.ready, says, group, partitions)


def _partitions(snapshot: Snapshot) -> Iterator[PartitionState]:
    for partition, counts in snapshot.partitions.items():
        yield PartitionState(partition, "live", clock=_shown(counts.clock))
    for partition, recovery in snapshot.recovering.items():
        yield PartitionState(partition, "recovering", read=recovery.read, total=recovery.total)


def _shown(clock: Instant) -> str | None:
    """None while the partition has seen nothing that has a time."""
    return show(clock) if clock else None


def _says(snapshot: Snapshot) -> str:
    owned = len(snapshot.partitions) + len(snapshot.recovering)
    if snapshot.recovering:
        return f"{len(snapshot.recovering)} of {owned} partitions are recovering"
    if not snapshot.ready:
        return "waits to be told its partitions by the consumer group"
    if not owned:
        return "owns no partition: there are at least as many other workers as partitions, and it stands by"
    return f"all {owned} partitions are live"
