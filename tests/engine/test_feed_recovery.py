"""A partition of a feed changes its owner: the next one continues where the last one was, whatever else happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import ProducerFenced
from faust.types import TP
from kafka import KafkaAdminClient
from kafka import TopicPartition as AdminPartition
from kafka.admin import NewTopic

from schemas.events import StepReached
from schemas.instants import to_datetime
from streams.config.feeds import Feed
from streams.engine.log_reader import LogReader
from streams.engine.transaction import TransactionWriter
from streams.intake.feed_adapters import adapters_of
from streams.intake.records import RecordContext, output_records, partition_of
from streams.intake.recovery import FeedRecovery
from streams.intake.state import FeedState
from streams.kafka.topics import EVENTS, INTAKE, NEEDS_FETCH, REJECTS
from streams.local.kafka_cluster import LocalKafka
from streams.records import KafkaRecord, OutputRecord
from streams.wall_clock import wall_clock
from tests.engine.conftest import PARTITIONS
from tests.engine.kafka_partition import hang, ignore_progress, send_in_transaction
from tests.engine.running import run

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("without_verification")]

TILL = Feed("till", "feeds.till")
PARTITION_COUNTS = {topic.name: PARTITIONS for topic in (EVENTS, REJECTS, NEEDS_FETCH)}
PROGRESS = TopicPartition(INTAKE.name, 0)


class Till:
    """A partition of the till's topic, and clients for its owner."""

    def __init__(self, bootstrap: str, partition: int) -> None:
        self.client = {"bootstrap_servers": bootstrap}
        self.tp = TP(TILL.topic, partition)
        self.recovery = FeedRecovery(
            self.client, {TILL.topic: TILL}, {TILL.topic: adapters_of([TILL], {})["till"]}, PARTITION_COUNTS
        )

    async def send(self, *steps: str) -> None:
        """Send records: the steps that an order of this till has reached."""
        async with AIOKafkaProducer(**self.client) as producer:
            for step in steps:
                event = StepReached(id=step, case=self.case, occurred_at=to_datetime(wall_clock()), step=step)
                await producer.send_and_wait(TILL.topic, msgspec.json.encode(event), partition=self.tp.partition)

    @property
    def case(self) -> str:
        return f"order of {self.tp.partition}"

    @asynccontextmanager
    async def recovered(self) -> AsyncIterator[tuple[FeedState, TransactionWriter]]:
        state, writer = await self.recovery.recover(self.tp, ignore_progress)
        try:
            yield state, writer
        finally:
            await writer.stop()

    async def read(self, partition: TopicPartition) -> list[tuple[bytes, bytes | None]]:
        """Return the committed records, key and value."""
        records: list[tuple[bytes, bytes | None]] = []
        async with LogReader(self.client, "read_committed") as log:
            await log.read(partition, ignore_progress, lambda key, value: records.append((key, value)))
        return records

    async def adapted(self, state: FeedState, number: int = 1) -> list[OutputRecord]:
        """Adapt the next records, and return the outputs."""
        outputs: list[OutputRecord] = []
        for _, value in (await self.read(TopicPartition(*self.tp)))[state.next : state.next + number]:
            record = KafkaRecord(wall_clock(), None, value, offset=state.next)
            adapted = state.apply(record, wall_clock())
            outputs += output_records(adapted, RecordContext.of(TILL, self.tp, record, wall_clock()), PARTITION_COUNTS)
        return outputs

    @property
    def events_partition(self) -> TopicPartition:
        """The partition with the events of its order."""
        return TopicPartition(EVENTS.name, partition_of(self.case.encode(), PARTITIONS))

    async def steps(self) -> list[str]:
        """Return the steps of its order in promise.events."""
        records = [value for key, value in await self.read(self.events_partition) if key == self.case.encode()]
        return [msgspec.json.decode(value or b"", type=StepReached).step for value in records]

    async def hidden(self) -> set[TopicPartition]:
        """Return the partitions where an open transaction hides records from readers of committed records."""
        tps = [PROGRESS, self.events_partition]
        async with (
            LogReader(self.client, "read_committed") as committed,
            LogReader(self.client, "read_uncommitted") as log,
        ):
            stable, ends = await committed.end_offsets(tps), await log.end_offsets(tps)
        return {partition for partition in tps if stable[partition] < ends[partition]}


@pytest.fixture(scope="module")
def topic(kafka: LocalKafka) -> str:
    with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
        admin.create_topics([NewTopic(TILL.topic, 8, 1)])
    return TILL.topic


@pytest.fixture
def till(kafka: LocalKafka, topic: str, unused_partitions: Iterator[int]) -> Till:
    """A partition that no other test uses."""
    return Till(kafka.bootstrap, next(unused_partitions))


def test_the_next_owner_continues_and_the_last_one_is_fenced(till: Till) -> None:
    async def story() -> None:
        await till.send("placed", "ready", "picked_up")
        async with till.recovered() as (state, writer):
            outputs = await till.adapted(state, 2)
            await writer.write(state.changes(), outputs)
            async with till.recovered() as (again, owner):
                assert (again.next, again.progress) == (2, state.progress)
                late = await till.adapted(state)
                with pytest.raises(ProducerFenced):
                    await writer.write(state.changes(), late)
                outputs = await till.adapted(again)
                await owner.write(again.changes(), outputs)
        assert await till.steps() == ["placed", "ready", "picked_up"]

    run(story())


def test_a_transaction_whose_end_kafka_lost_is_committed_once(till: Till) -> None:
    async def story() -> None:
        await till.send("placed", "ready")
        async with till.recovered() as (state, dying):
            outputs = await till.adapted(state)
            await dying.write(state.changes(), outputs)
            outputs = await till.adapted(state)
            await hang(dying, PROGRESS, till.events_partition)
            await send_in_transaction(dying, till.events_partition, *((one.key, one.value) for one in outputs))
            await send_in_transaction(dying, PROGRESS, *state.changes())
        assert await till.hidden() == {PROGRESS, till.events_partition}
        async with till.recovered() as (again, _):
            assert (again.next, again.progress) == (2, state.progress)
        assert await till.hidden() == set()
        assert await till.steps() == ["placed", "ready"]
        nothing = [value for key, value in await till.read(till.events_partition) if key is None]
        assert nothing == [b'{"type":"clock","source":"promises","at":"2000-01-01T00:00:00Z","partition":0}']

    run(story())


def test_recovery_waits_for_an_open_transaction_that_may_hide_its_own_records(till: Till) -> None:
    async def story() -> None:
        await till.send("placed")
        async with AIOKafkaProducer(**till.client, transactional_id="somebody else") as other:
            async with till.recovered() as (state, writer):
                await other.begin_transaction()
                await other.send_and_wait(INTAKE.name, b"theirs", key=b"theirs", partition=0)
                outputs = await till.adapted(state)
                await writer.write(state.changes(), outputs)
            opening = asyncio.ensure_future(till.recovery.recover(till.tp, ignore_progress))
            done, _ = await asyncio.wait([opening], timeout=0.5)
            assert not done
            await other.commit_transaction()
            again, owner = await opening
            await owner.stop()
        assert again.next == 1

    run(story())


def test_records_that_were_dropped_unread_are_logged_and_the_rest_is_read(
    till: Till, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        await till.send("placed", "ready", "picked_up", "delivered")
        async with till.recovered() as (state, writer):
            outputs = await till.adapted(state)
            await writer.write(state.changes(), outputs)
        with KafkaAdminClient(**till.client) as admin:
            admin.delete_records({AdminPartition(*till.tp): 3})
        async with till.recovered() as (again, _):
            assert (again.next, again.progress.records) == (3, {"adapted": 1, "lost": 2})

    run(story())
    assert f"{TILL.topic}[{till.tp.partition}]: the topic dropped 2 unread records from offset 1 on" in caplog.text
