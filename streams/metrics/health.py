"""Whether a worker is alive and whether it is ready, as it says at /healthz and /readyz. Pure.

Alive: its event loop moves; whoever supervises the process starts one again that is not. Ready: its numbers can be
relied on. A worker that reads its partitions back is alive and not ready: to start it again would only set it back.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from schemas.instants import Instant, show
from streams.metrics.exposition import Snapshot

STILL_SECONDS: Final = 10.0
"""How long the event loop may stand still: it says every second that it moves, and a step of it takes milliseconds."""


class Health(msgspec.Struct, frozen=True):
    """What /healthz says. says: the same for people."""

    healthy: bool
    says: str


class PartitionReadiness(msgspec.Struct, frozen=True, omit_defaults=True):
    """A partition that the worker owns. clock: RFC 3339, where it is live. read, total: where it recovers, the offset
    reached in its changelog and where that ends. topic: where it is not promise.events."""

    partition: int
    state: Literal["live", "recovering"]
    clock: str | None = None
    read: int | None = None
    total: int | None = None
    topic: str | None = None


class Readiness(msgspec.Struct, frozen=True):
    """What /readyz says. group: the consumer group that the worker works for. partitions: those that it owns."""

    ready: bool
    says: str
    group: str
    partitions: list[PartitionReadiness]


def health(snapshot: Snapshot, now: float) -> Health:
    """Whether the event loop moves. `now` is of the monotonic clock, as `snapshot.beat` is."""
    return health_of(snapshot.beat, now)


def health_of(beat: float, now: float) -> Health:
    """Whether an event loop moves that last did so at `beat`."""
    age = now - beat
    if age <= STILL_SECONDS:
        return Health(True, f"the event loop moved {age:.1f} s ago")
    return Health(False, f"the event loop has stood still for {age:.1f} s; after {STILL_SECONDS:g} s, start it again")


def readiness_of(alive: Health, ready: bool, partitions: list[PartitionReadiness], group: str) -> Readiness:
    """Of a process that owns these partitions. ready: it knows which it owns, and has recovered them."""
    says = _says(partitions, ready) if alive.healthy else alive.says
    return Readiness(alive.healthy and ready, says, group, sorted(partitions, key=_place))


def _place(one: PartitionReadiness) -> tuple[str, int]:
    return one.topic or "", one.partition


def shown(clock: Instant) -> str | None:
    """None while the partition has seen nothing that has a time."""
    return show(clock) if clock else None


def _says(partitions: list[PartitionReadiness], ready: bool) -> str:
    recovering = sum(one.state == "recovering" for one in partitions)
    if recovering:
        return f"{recovering} of {len(partitions)} partitions are recovering"
    if not ready:
        return "waits to be told its partitions by the consumer group"
    if not partitions:
        return "owns no partition: there are at least as many other workers as partitions, and it stands by"
    return f"all {len(partitions)} partitions are live"
