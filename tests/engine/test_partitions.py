"""A worker's partitions come, go and get lost: what may be kept is kept, and what is still owned is recovered."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    ProducerFenced,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)

from streams.engine.partitions import PartitionLost
from streams.engine.recovery import WrongChangelog
from streams.engine.timing import TIMING
from streams.engine.transaction import RecordTooLarge
from streams.kafka.topics import EVENTS
from tests.engine.fake_writer import let_tasks_run
from tests.engine.running import run
from tests.worker.fake_kafka import FAST, KIOSK, MARKET, SHOP, FakeKafka


def test_a_worker_recovers_the_partitions_that_it_is_assigned_and_no_others() -> None:
    async def story() -> None:
        kafka = FakeKafka()
        await kafka.partitions.assign([SHOP, KIOSK], 1)
        assert set(kafka.partitions) == kafka.partitions.assigned == {SHOP, KIOSK}
        assert sorted(kafka.recovered) == [0, 1]
        assert kafka.partitions.recovering == {}
        await kafka.partitions.close()
        assert len(kafka.partitions) == 0
        assert kafka.writer(SHOP).is_stopped

    run(story())


def test_a_committer_is_kept_over_a_rebalance_only_if_no_generation_was_missed() -> None:
    async def story() -> None:
        kafka = FakeKafka()
        await kafka.partitions.assign([SHOP, KIOSK], 4)
        first = dict(kafka.partitions)
        await kafka.partitions.assign([SHOP, MARKET], 5)
        assert kafka.partitions[SHOP] is first[SHOP]
        assert set(kafka.partitions) == {SHOP, MARKET}
        await kafka.partitions.assign([SHOP, MARKET], 7)
        assert kafka.partitions[SHOP] is not first[SHOP]
        assert kafka.recovered.count(0) == 2
        await kafka.partitions.close()

    run(story())


def test_the_same_generation_once_more_keeps_nothing() -> None:
    async def story() -> None:
        kafka = FakeKafka()
        await kafka.partitions.assign([SHOP], 4)
        await kafka.partitions.assign([SHOP], 4)
        assert kafka.recovered == [0, 0]
        await kafka.partitions.close()

    run(story())


def test_a_partition_that_comes_back_from_another_worker_contains_what_that_one_did() -> None:
    async def story() -> None:
        kafka = FakeKafka()
        await kafka.partitions.assign([SHOP], 1)
        kafka.apply_order(SHOP, "o1")
        await kafka.partitions.revoke()
        assert kafka.partitions.assigned == frozenset()
        await kafka.partitions.assign([], 2)
        other = FakeKafka(logs=kafka.logs)
        await other.partitions.assign([SHOP], 2)
        other.apply_order(SHOP, "o2")
        await other.partitions.close()
        await kafka.partitions.assign([SHOP], 3)
        assert kafka.partitions[SHOP].state.stored_cases().keys() == {"o1", "o2"}
        assert kafka.partitions[SHOP].next == 2
        await kafka.partitions.close()

    run(story())


def test_a_lost_partition_that_is_still_owned_is_recovered_and_read_again() -> None:
    async def story() -> None:
        kafka = FakeKafka()
        await kafka.partitions.assign([SHOP], 1)
        kafka.apply_order(SHOP, "o1")
        await kafka.partitions[SHOP].flush()
        lost, kafka.writer(SHOP).error = kafka.partitions[SHOP], KafkaConnectionError("connection lost")
        kafka.apply_order(SHOP, "o2")
        await let_tasks_run()
        assert kafka.ownership_checks == [(SHOP, 1)]
        assert kafka.rereads == [SHOP]
        assert kafka.partitions[SHOP] is not lost
        assert (kafka.partitions[SHOP].next, kafka.partitions[SHOP].lost) == (1, None)
        assert kafka.fatal == []
        await kafka.partitions.close()

    run(story())


def test_a_lost_partition_that_is_no_longer_owned_waits_for_the_rebalance() -> None:
    async def story() -> None:
        kafka = FakeKafka(is_owner=False)
        await kafka.partitions.assign([SHOP], 1)
        kafka.logs[0].new_writer()  # another worker has taken it over
        kafka.apply_order(SHOP, "o1")
        await let_tasks_run()
        assert isinstance(kafka.partitions[SHOP].lost, ProducerFenced)
        assert kafka.recovered == [0]
        await kafka.partitions.assign([SHOP], 2)
        assert kafka.partitions[SHOP].lost is None
        assert kafka.recovered == [0, 0]
        await let_tasks_run()
        assert (kafka.rereads, kafka.fatal) == ([], [])
        await kafka.partitions.close()

    run(story())


def test_a_lost_partition_is_fatal_if_it_is_not_owned_and_no_rebalance_follows() -> None:
    async def story() -> None:
        kafka = FakeKafka(is_owner=False, timing=replace(FAST, lost_seconds=0.01, retry_recovery_seconds=0.001))
        await kafka.partitions.assign([SHOP], 1)
        kafka.writer(SHOP).error = KafkaConnectionError("connection lost")
        kafka.apply_order(SHOP, "o1")
        while not kafka.fatal:
            await asyncio.sleep(0.001)
        assert isinstance(kafka.fatal[0], PartitionLost)
        assert f"{EVENTS.name}[0] was lost, and no rebalance followed" in str(kafka.fatal[0])
        assert "connection lost" in str(kafka.fatal[0])
        await kafka.partitions.close()

    run(story())


def test_a_partition_without_a_single_commit_is_fatal_after_enough_recoveries() -> None:
    async def story() -> None:
        kafka = FakeKafka(write_error=KafkaError("invalid record"))
        await kafka.partitions.assign([SHOP], 1)
        while not kafka.fatal:
            kafka.apply_order(SHOP, "o1")
            while kafka.partitions[SHOP].lost is None:
                await asyncio.sleep(0)
            await let_tasks_run()
        assert len(kafka.recovered) == TIMING.max_losses + 1
        assert "cannot commit" in str(kafka.fatal[0])
        assert "invalid record" in str(kafka.fatal[0])
        await kafka.partitions.close()

    run(story())


@pytest.mark.parametrize("error", [TopicAuthorizationFailedError(), RecordTooLarge("too large"), AssertionError()])
def test_an_error_that_no_retry_can_help_is_fatal_at_once(error: Exception) -> None:
    async def story() -> None:
        kafka = FakeKafka(write_error=error)
        await kafka.partitions.assign([SHOP], 1)
        kafka.apply_order(SHOP, "o1")
        await let_tasks_run()
        (fatal,) = kafka.fatal
        assert fatal is error or (isinstance(fatal, PartitionLost) and repr(error) in str(fatal))
        assert kafka.recovered == [0]
        await kafka.partitions.close()

    run(story())


def test_a_recovery_is_tried_again_while_kafka_does_not_answer() -> None:
    async def story() -> None:
        kafka = FakeKafka(recovery_errors=[KafkaConnectionError("no broker"), KafkaTimeoutError("no answer")])
        await kafka.partitions.assign([SHOP], 1)
        assert kafka.recovered == [0, 0, 0]
        assert set(kafka.partitions) == {SHOP}
        await kafka.partitions.close()

    run(story())


def test_a_recovery_fails_after_a_while() -> None:
    async def story() -> None:
        errors: list[Exception] = [KafkaConnectionError("no broker")] * 99
        kafka = FakeKafka(recovery_errors=errors, timing=replace(FAST, lost_seconds=0.0))
        with pytest.raises(
            PartitionLost, match=r"cannot recover promise\.events\[0\]: KafkaConnectionError.*no broker"
        ):
            await kafka.partitions.assign([SHOP], 1)
        assert kafka.partitions.recovering == {}

    run(story())


@pytest.mark.parametrize("error", [TransactionalIdAuthorizationFailed("shops"), WrongChangelog("trimmed")])
def test_a_recovery_is_not_tried_again_if_that_cannot_help(error: Exception) -> None:
    async def story() -> None:
        kafka = FakeKafka(recovery_errors=[error])
        with pytest.raises((PartitionLost, WrongChangelog)):
            await kafka.partitions.assign([SHOP], 1)
        assert kafka.recovered == [0]

    run(story())


def test_revoking_flushes_the_partitions_that_can_write_and_does_not_wait_for_the_others() -> None:
    async def story() -> None:
        kafka = FakeKafka()
        await kafka.partitions.assign([SHOP, KIOSK], 1)
        kafka.writer(KIOSK).block()
        kafka.apply_order(SHOP, "o1")
        kafka.apply_order(KIOSK, "o2")
        await kafka.partitions.revoke()
        assert (kafka.partitions[SHOP].durable, kafka.partitions[KIOSK].durable) == (1, 0)
        assert kafka.partitions.assigned == frozenset()
        await kafka.partitions.assign([SHOP], 2)
        assert kafka.logs[1].steps == []
        await kafka.partitions.close()

    run(story())


def test_a_worker_that_ends_does_not_wait_for_lost_partitions() -> None:
    async def story() -> None:
        kafka = FakeKafka(is_owner=False)
        await kafka.partitions.assign([SHOP], 1)
        kafka.writer(SHOP).error = KafkaConnectionError("connection lost")
        kafka.apply_order(SHOP, "o1")
        await let_tasks_run()
        await kafka.partitions.close()
        await let_tasks_run()
        assert (len(kafka.partitions), kafka.fatal) == (0, [])

    run(story())
