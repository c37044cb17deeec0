"""A broker that was stopped under load may acknowledge the end of a transaction and never write it: readers hang.

These tests write records of a transaction unknown to the coordinator, so the broker must not verify transactions.
"""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaProducer
from faust.types import TP

from streams.kafka.topics import ALERTS, CHANGELOG, EVENTS, REJECTS, VERDICTS, Topic
from streams.records import KafkaRecord, OutputRecord
from streams.worker.recovery import PartitionRecovery
from tests.engine.kafka_partition import KafkaPartition, hang, ignore_progress, judge, send_in_transaction
from tests.engine.running import run
from tests.histories import READY, order
from tests.state.changelogs import contents_of

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("without_verification")]

ONE_EVENT = order("o1").promised("ready", due="12:40", time="12:00", at="harbour")
TWO_EVENTS = ONE_EVENT.reached("ready", "12:30")
NEXT = order("o2").promised("ready", due="12:50", time="12:40", at="harbour")
KEPT = OutputRecord(VERDICTS.name, b"o1", b"kept")


async def judge_first_event(partition: KafkaPartition) -> list[KafkaRecord]:
    """Send two events, and judge the first one durably."""
    records = await partition.send(TWO_EVENTS)
    async with partition.recovered() as (state, writer):
        await writer.write(judge(state, records[:1]).changes(), [OutputRecord(VERDICTS.name, b"o1", b"open")])
    return records


def test_a_transaction_whose_end_kafka_lost_is_committed_once(partition: KafkaPartition) -> None:
    async def story() -> None:
        records = await judge_first_event(partition)
        async with partition.recovered() as (state, dying):
            await hang(dying, partition.of(CHANGELOG), partition.of(VERDICTS))
            await send_in_transaction(dying, partition.of(CHANGELOG), *judge(state, records[1:]).changes())
            await send_in_transaction(dying, partition.of(VERDICTS), KEPT[1:3])
        assert (await partition.hidden()).keys() == {CHANGELOG.name, VERDICTS.name}
        async with partition.recovered() as (again, writer):
            assert contents_of(again) == contents_of(state)
            assert await partition.hidden() == {}
            assert await partition.read(VERDICTS) == {b"o1": b"kept"}
            await writer.write(
                judge(again, await partition.send(NEXT)).changes(), [OutputRecord(VERDICTS.name, b"o2", b"open")]
            )
        async with partition.recovered() as (last, _):
            assert contents_of(last) == contents_of(again)
            assert await partition.count(VERDICTS) == 3 + 1  # and one empty record

    run(story())


@pytest.mark.parametrize("topic", [CHANGELOG, VERDICTS, ALERTS], ids=lambda topic: topic.name)
def test_a_hanging_transaction_in_one_topic_is_ended(partition: KafkaPartition, topic: Topic) -> None:
    async def story() -> None:
        await judge_first_event(partition)
        async with partition.writer() as dying:
            await hang(dying, partition.of(topic))
            await send_in_transaction(dying, partition.of(topic), (b"\0heal", None))
        assert await partition.hidden() == {topic.name: 1}
        async with partition.recovered() as (state, _):
            assert (state.next, len(state)) == (1, 1)
        assert await partition.hidden() == {}

    run(story())


@pytest.mark.parametrize("is_ended", [True, False], ids=["ends soon", "was killed"])
def test_an_open_transaction_of_intake_in_rejects_does_not_block_recovery(
    partition: KafkaPartition, is_ended: bool
) -> None:
    async def story() -> None:
        await judge_first_event(partition)
        async with AIOKafkaProducer(**partition.client, transactional_id=f"intake of {partition.partition}") as intake:
            await intake.begin_transaction()
            await intake.send_and_wait(REJECTS.name, b"{", partition=partition.partition)
            recovery = PartitionRecovery(partition.client, READY, is_exact=True)
            recovering = asyncio.ensure_future(recovery.recover(TP(EVENTS.name, partition.partition), ignore_progress))
            if is_ended:
                await intake.commit_transaction()
            state, writer = await recovering
            assert (state.next, len(state)) == (1, 1)
            await writer.stop()
            if not is_ended:
                assert (await partition.hidden()).keys() == {REJECTS.name}, "the transaction of intake is left alone"
                await intake.abort_transaction()

    run(story())
