"""Who is on duty: each partition with its owner, how far behind it is, and what the owner says of itself."""

from __future__ import annotations

from schemas.instants import format_instant, parse_instant
from streams.cli.group_status import PartitionStatus, asked_at, headline, rows
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


def says(
    live: tuple[int, ...] = (), recovering: dict[int, RecoveryProgress] | None = None, group: str = "shops"
) -> Readiness:
    """What a worker with these partitions says at /readyz."""
    counts = {number: PartitionSnapshot(watermark=NOON) for number in live}
    return readiness(WorkerSnapshot(ready=not recovering, partitions=counts, recovering=recovering or {}), 0.0, group)


def test_every_partition_is_shown_with_owner_lag_clock_and_recovery() -> None:
    group = GroupDescription("shops", "Stable", (member(SOHO, 0, 1), member(PADDINGTON, 2)), {0: 90, 1: 100})
    told = {SOHO: says((0,), {1: RecoveryProgress(5, 20)}), PADDINGTON: says((), {2: RecoveryProgress()})}
    found = rows(group, {2: 30, 1: 100, 0: 100}, told)
    soho = client_id(SOHO)
    assert found[0] == PartitionStatus(0, soho, "10.0.0.7", 100, 90, 10, format_instant(NOON), "live", "live")
    behind = "recovering, at offset 5 of 20 of its changelog"
    assert found[1] == PartitionStatus(1, soho, "10.0.0.7", 100, 100, 0, None, "recovering", behind)
    assert (found[2].lag, found[2].committed, found[2].says) == (None, None, "recovering")
    assert headline(group, found) == "group shops: Stable, workers: 2"


def test_a_worker_that_cannot_be_asked_is_unknown_and_the_place_is_named() -> None:
    (row,) = rows(GroupDescription("shops", "Stable", (member(SOHO, 0),)), {0: 0}, {})
    assert (row.state, row.clock) == ("unknown", None)
    assert row.says == "unknown (its /readyz at 10.0.0.7:9464 cannot be reached from here)"


def test_whoever_answers_and_does_not_own_the_partition_is_not_believed() -> None:
    group = GroupDescription("shops", "Stable", (member(SOHO, 0),))
    for other in (says((1,)), says((0,), group="another deployment")):
        (row,) = rows(group, {0: 0}, {SOHO: other})
        assert row.state == "unknown"
        assert row.says == "unknown (the worker that answers at 10.0.0.7:9464 does not own it)"


def test_a_client_that_is_no_worker_of_ours_is_said_to_be_none() -> None:
    group = GroupDescription("shops", "Stable", (MemberDescription("kcat", "10.0.0.9", frozenset({0})),))
    (row,) = rows(group, {0: 0}, {})
    assert (row.owner, row.state) == ("kcat", "unknown")
    assert "none of a worker" in row.says


def test_a_partition_that_nobody_owns_is_said_to_have_no_owner() -> None:
    for group, told in (
        (GroupDescription("shops"), "there is no group shops: no worker has run with --group shops"),
        (GroupDescription("shops", "Empty", (), {0: 3}), "group shops: Empty, no worker runs"),
        (
            GroupDescription("shops", "PreparingRebalance", (member(SOHO),)),
            "group shops: PreparingRebalance, workers: 1",
        ),
    ):
        found = rows(group, {0: 5}, {})
        assert [(row.owner, row.host, row.state, row.says) for row in found] == [
            (None, None, "unknown", "nobody owns it")
        ]
        assert headline(group, found) == told


def test_a_worker_without_a_partition_stands_by() -> None:
    group = GroupDescription("shops", "Stable", (member(SOHO, 0), member(PADDINGTON)))
    found = rows(group, {0: 0}, {SOHO: says((0,))})
    assert headline(group, found) == "group shops: Stable, workers: 2, 1 of them without a partition"


def test_a_worker_that_listens_everywhere_is_asked_where_kafka_sees_it() -> None:
    everywhere = client_id(Address("0.0.0.0", 9464))
    assert asked_at(MemberDescription(everywhere, "10.0.0.7", frozenset())) == SOHO
    assert asked_at(MemberDescription(everywhere, "fd00::7", frozenset())) == Address("[fd00::7]", 9464)
    assert asked_at(member(PADDINGTON)) == PADDINGTON
    assert asked_at(MemberDescription("kcat", "10.0.0.7", frozenset())) is None
