"""The status of each partition, from Kafka's description of the consumer group and its owner's /readyz. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

import msgspec

from streams.kafka.describe import GroupDescription, MemberDescription
from streams.metrics.address import Address, metrics_address
from streams.metrics.health import PartitionReadiness, Readiness

State = Literal["live", "recovering", "unknown"]

_ANY_ADDRESS: Final = ("0.0.0.0", "::", "[::]")
"""The hosts of a worker that listens on all addresses."""


class PartitionStatus(msgspec.Struct, frozen=True):
    """The status of one partition of promise.events.

    owner: the client id of the worker, None if there is none. end, committed: offsets; committed is None before the
    first commit. lag: the number of records between them. clock: RFC 3339. says: the state in words.
    """

    partition: int
    owner: str | None
    host: str | None
    end: int
    committed: int | None
    lag: int | None
    clock: str | None
    state: State
    says: str


class _OwnerStatus(NamedTuple):
    """The part of a partition's status that its owner reports."""

    state: State
    says: str
    clock: str | None = None


def readiness_address(member: MemberDescription) -> Address | None:
    """Return the address where this member serves /readyz, or None if its client id is not one of a worker."""
    address = metrics_address(member.client)
    if address is None or address.host not in _ANY_ADDRESS:
        return address
    return Address(f"[{member.host}]" if ":" in member.host else member.host, address.port)


def partition_statuses(
    group: GroupDescription, ends: Mapping[int, int], readiness: Mapping[Address, Readiness]
) -> list[PartitionStatus]:
    """Return the status of each partition. ends: the end offset of each. readiness: of the workers that responded."""
    owners = {partition: member for member in group.members for partition in member.partitions}
    return [_status(group, partition, end, owners.get(partition), readiness) for partition, end in sorted(ends.items())]


def headline(group: GroupDescription, partitions: Iterable[PartitionStatus]) -> str:
    """Return a sentence about the group."""
    if group.state is None:
        return f"there is no group {group.name}: no worker has run with --group {group.name}"
    if not group.members:
        return f"group {group.name}: {group.state}, no worker runs"
    idle = sum(not member.partitions for member in group.members)
    standing_by = f", {idle} of them without a partition" if idle and any(row.owner for row in partitions) else ""
    return f"group {group.name}: {group.state}, workers: {len(group.members)}{standing_by}"


def _status(
    group: GroupDescription,
    partition: int,
    end: int,
    owner: MemberDescription | None,
    readiness: Mapping[Address, Readiness],
) -> PartitionStatus:
    committed = group.committed.get(partition)
    reported = _reported(group, partition, owner, readiness) if owner else _OwnerStatus("unknown", "no owner")
    return PartitionStatus(
        partition=partition,
        owner=owner.client if owner else None,
        host=owner.host if owner else None,
        end=end,
        committed=committed,
        lag=None if committed is None else max(0, end - committed),
        clock=reported.clock,
        state=reported.state,
        says=reported.says,
    )


def _reported(
    group: GroupDescription, partition: int, owner: MemberDescription, readiness: Mapping[Address, Readiness]
) -> _OwnerStatus:
    address = readiness_address(owner)
    if address is None:
        return _OwnerStatus("unknown", "unknown (its client id is not one of a worker of this version)")
    worker = readiness.get(address)
    if worker is None:
        return _OwnerStatus("unknown", f"unknown (its /readyz at {address} cannot be reached from here)")
    owned = next((status for status in worker.partitions if status.partition == partition), None)
    if owned is None or worker.group != group.name:
        # Another worker may have that address as seen from here, or this one has not received its assignment yet.
        return _OwnerStatus("unknown", f"unknown (the worker that responds at {address} does not own it)")
    return _OwnerStatus(owned.state, _progress(owned), owned.clock)


def _progress(status: PartitionReadiness) -> str:
    if status.state == "live" or status.total is None:
        return status.state
    return f"recovering, at offset {status.read} of {status.total} of its changelog"
