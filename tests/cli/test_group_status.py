"""Tests of the status of each partition: its owner, its lag, and its recovery."""

from __future__ import annotations

from schemas.instants import format_instant, parse_instant
from streams.cli.group_status import PartitionStatus, headline, partition_statuses, readiness_address
from streams.engine.partitions import RecoveryProgress
from streams.kafka.describe import GroupDescription, MemberDescription
from streams.metrics.address import Address, client_id
from streams.metrics.health import Readiness
from streams.worker.metrics import readiness
from streams.worker.snapshot import PartitionSnapshot, WorkerSnapshot

NOON = parse_instant("2026-03-06T12:00:00Z")
SOHO, PADDINGTON = Address("10.0.0.7", 9464), Address("10.0.0.8", 9464)


def member(address: Address, *partitions: int) -> MemberDescription:
    return MemberDescription(client_id(address), address.host, frozenset(partitions))


def worker_readiness(
    live: tuple[int, ...] = (), recovering: dict[int, RecoveryProgress] | None = None, group: str = "shops"
) -> Readiness:
    """Return the readiness of a worker with these partitions."""
    counts = {number: PartitionSnapshot(watermark=NOON) for number in live}
    return readiness(WorkerSnapshot(ready=not recovering, partitions=counts, recovering=recovering or {}), 0.0, group)


def test_each_partition_has_owner_lag_clock_and_recovery() -> None:
    group = GroupDescription("shops", "Stable", (member(SOHO, 0, 1), member(PADDINGTON, 2)), {0: 90, 1: 100})
    responses = {
        SOHO: worker_readiness((0,), {1: RecoveryProgress(5, 20)}),
        PADDINGTON: worker_readiness((), {2: RecoveryProgress()}),
    }
    statuses = partition_statuses(group, {2: 30, 1: 100, 0: 100}, responses)
    soho = client_id(SOHO)
    assert statuses[0] == PartitionStatus(0, soho, "10.0.0.7", 100, 90, 10, format_instant(NOON), "live", "live")
    behind = "recovering, at offset 5 of 20 of its changelog"
    assert statuses[1] == PartitionStatus(1, soho, "10.0.0.7", 100, 100, 0, None, "recovering", behind)
    assert (statuses[2].lag, statuses[2].committed, statuses[2].says) == (None, None, "recovering")
    assert headline(group, statuses) == "group shops: Stable, workers: 2"


def test_a_worker_that_cannot_be_reached_is_unknown_with_its_address() -> None:
    (status,) = partition_statuses(GroupDescription("shops", "Stable", (member(SOHO, 0),)), {0: 0}, {})
    assert (status.state, status.clock) == ("unknown", None)
    assert status.says == "unknown (its /readyz at 10.0.0.7:9464 cannot be reached from here)"


def test_a_response_of_a_worker_that_does_not_own_the_partition_is_ignored() -> None:
    group = GroupDescription("shops", "Stable", (member(SOHO, 0),))
    for other in (worker_readiness((1,)), worker_readiness((0,), group="another deployment")):
        (status,) = partition_statuses(group, {0: 0}, {SOHO: other})
        assert status.state == "unknown"
        assert status.says == "unknown (the worker that responds at 10.0.0.7:9464 does not own it)"


def test_a_member_that_is_not_a_worker_is_unknown() -> None:
    group = GroupDescription("shops", "Stable", (MemberDescription("kcat", "10.0.0.9", frozenset({0})),))
    (status,) = partition_statuses(group, {0: 0}, {})
    assert (status.owner, status.state) == ("kcat", "unknown")
    assert "not one of a worker" in status.says


def test_a_partition_without_an_owner_says_so() -> None:
    for group, expected in (
        (GroupDescription("shops"), "there is no group shops: no worker has run with --group shops"),
        (GroupDescription("shops", "Empty", (), {0: 3}), "group shops: Empty, no worker runs"),
        (
            GroupDescription("shops", "PreparingRebalance", (member(SOHO),)),
            "group shops: PreparingRebalance, workers: 1",
        ),
    ):
        statuses = partition_statuses(group, {0: 5}, {})
        assert [(status.owner, status.host, status.state, status.says) for status in statuses] == [
            (None, None, "unknown", "no owner")
        ]
        assert headline(group, statuses) == expected


def test_the_headline_counts_workers_without_a_partition() -> None:
    group = GroupDescription("shops", "Stable", (member(SOHO, 0), member(PADDINGTON)))
    statuses = partition_statuses(group, {0: 0}, {SOHO: worker_readiness((0,))})
    assert headline(group, statuses) == "group shops: Stable, workers: 2, 1 of them without a partition"


def test_a_worker_on_all_addresses_is_reached_at_the_host_that_kafka_sees() -> None:
    everywhere = client_id(Address("0.0.0.0", 9464))
    assert readiness_address(MemberDescription(everywhere, "10.0.0.7", frozenset())) == SOHO
    assert readiness_address(MemberDescription(everywhere, "fd00::7", frozenset())) == Address("[fd00::7]", 9464)
    assert readiness_address(member(PADDINGTON)) == PADDINGTON
    assert readiness_address(MemberDescription("kcat", "10.0.0.7", frozenset())) is None
