"""Who owns each partition and how far it is: what Kafka says of the group, and each owner of itself. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

import msgspec

from streams.kafka.describe import GroupDescription, MemberDescription
from streams.metrics.address import Address, metrics_address
from streams.metrics.health import PartitionReadiness, Readiness

State = Literal["live", "recovering", "unknown"]

_EVERYWHERE: Final = ("0.0.0.0", "::", "[::]")
"""What a worker that listens on all its addresses calls its host."""


class PartitionStatus(msgspec.Struct, frozen=True):
    """One partition of promise.events.

    owner: the client id of the worker; None: nobody owns it. end, committed: offsets; committed is None where none ever
    was, and with it lag, the records between them. clock: RFC 3339. says: the state, for people.
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


class _Told(NamedTuple):
    """What is known of a partition beyond what Kafka says."""

    state: State
    says: str
    clock: str | None = None


def asked_at(member: MemberDescription) -> Address | None:
    """Where the worker that this member is serves /readyz; None where its client id is none of a worker."""
    address = metrics_address(member.client)
    if address is None or address.host not in _EVERYWHERE:
        return address
    return Address(f"[{member.host}]" if ":" in member.host else member.host, address.port)


def rows(group: GroupDescription, ends: Mapping[int, int], told: Mapping[Address, Readiness]) -> list[PartitionStatus]:
    """A row for each partition. ends: the end of each. told: what the workers said at their /readyz; those that could
    not be asked are not in it."""
    owners = {partition: member for member in group.members for partition in member.partitions}
    return [_row(group, partition, end, owners.get(partition), told) for partition, end in sorted(ends.items())]


def headline(group: GroupDescription, partitions: Iterable[PartitionStatus]) -> str:
    """The group in a sentence."""
    if group.state is None:
        return f"there is no group {group.name}: no worker has run with --group {group.name}"
    if not group.members:
        return f"group {group.name}: {group.state}, no worker runs"
    idle = sum(not member.partitions for member in group.members)
    standing_by = f", {idle} of them without a partition" if idle and any(row.owner for row in partitions) else ""
    return f"group {group.name}: {group.state}, workers: {len(group.members)}{standing_by}"


def _row(
    group: GroupDescription,
    partition: int,
    end: int,
    owner: MemberDescription | None,
    told: Mapping[Address, Readiness],
) -> PartitionStatus:
    committed = group.committed.get(partition)
    known = _told(group, partition, owner, told) if owner else _Told("unknown", "nobody owns it")
    return PartitionStatus(
        partition,
        owner.client if owner else None,
        owner.host if owner else None,
        end,
        committed,
        None if committed is None else max(0, end - committed),
        known.clock,
        known.state,
        known.says,
    )


def _told(
    group: GroupDescription, partition: int, owner: MemberDescription, told: Mapping[Address, Readiness]
) -> _Told:
    address = asked_at(owner)
    if address is None:
        return _Told("unknown", "unknown (its client id is none of a worker of this version)")
    said = told.get(address)
    if said is None:
        return _Told("unknown", f"unknown (its /readyz at {address} cannot be reached from here)")
    one = next((one for one in said.partitions if one.partition == partition), None)
    if one is None or said.group != group.name:
        # Another worker has that address as seen from here, or this one has not learnt yet what it owns.
        return _Told("unknown", f"unknown (the worker that answers at {address} does not own it)")
    return _Told(one.state, _progress(one), one.clock)


def _progress(one: PartitionReadiness) -> str:
    if one.state == "live" or one.total is None:
        return one.state
    return f"recovering, at offset {one.read} of {one.total} of its changelog"
