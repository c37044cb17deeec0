"""One partition of a real Kafka: clients for what an owner writes there and what readers see."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from aiokafka import AIOKafkaProducer, TopicPartition
from faust.types import TP
from kafka import KafkaAdminClient
from kafka import TopicPartition as AdminPartition
from kafka.admin import ConfigResource, ConfigResourceType

from streams.engine.log_reader import LogReader
from streams.engine.transaction import TransactionWriter
from streams.judging.policy import Policies
from streams.kafka.topics import CHANGELOG, EVENTS, Topic, transactional_id
from streams.records import KafkaRecord
from streams.state.partition import PartitionState
from streams.worker.recovery import WRITTEN_TOPICS, PartitionRecovery
from tests.histories import READY, Story, at
from tests.state.partitions import FOREVER, record

Isolation = Literal["read_committed", "read_uncommitted"]
Progress = Callable[[int, int], None]


def ignore_progress(_at: int, _end: int) -> None:
    """A progress callback that does nothing."""


async def last_values(log: LogReader, tp: TopicPartition, progress: Progress) -> dict[bytes, bytes]:
    """Return the last value of every key in the partition, without deleted ones."""
    values: dict[bytes, bytes | None] = {}
    await log.read(tp, progress, values.__setitem__)
    return {key: value for key, value in values.items() if value is not None}


@dataclass
class KafkaPartition:
    """The partition with this number in every topic."""

    bootstrap: str
    partition: int

    @property
    def client(self) -> dict[str, Any]:
        return {"bootstrap_servers": self.bootstrap}

    @property
    def name(self) -> str:
        """The transactional id of the owner of the partition."""
        return transactional_id(self.partition)

    def of(self, topic: Topic) -> TopicPartition:
        return TopicPartition(topic.name, self.partition)

    @asynccontextmanager
    async def recovered(
        self, policies: Policies = READY, *, is_exact: bool = True, progress: Progress = ignore_progress
    ) -> AsyncIterator[tuple[PartitionState, TransactionWriter]]:
        """Take the partition over, as a worker does, and stop at the end."""
        state, writer = await PartitionRecovery(self.client, policies, is_exact).recover(
            TP(EVENTS.name, self.partition), progress
        )
        try:
            yield state, writer
        finally:
            await writer.stop()

    @asynccontextmanager
    async def writer(self, *, is_exact: bool = True) -> AsyncIterator[TransactionWriter]:
        """Start a writer for the partition, without recovering its state."""
        writer = TransactionWriter(self.client, self.of(CHANGELOG), self.name if is_exact else None)
        try:
            await writer.start()
            yield writer
        finally:
            await writer.stop()

    async def send(self, story: Story) -> list[KafkaRecord]:
        """Send the events of the story to promise.events, and return them."""
        records = [record(event, at(story.time)) for event in story.events]
        # Idempotent, or a slow broker stores a record twice.
        async with AIOKafkaProducer(**self.client, enable_idempotence=True) as producer:
            for event in records:
                await producer.send_and_wait(
                    EVENTS.name, event.value, key=event.key, partition=self.partition, timestamp_ms=event.timestamp
                )
        return records

    async def read(
        self, topic: Topic, isolation: Isolation = "read_committed", progress: Progress = ignore_progress
    ) -> dict[bytes, bytes]:
        """Return the last value of every key in `topic`."""
        async with LogReader(self.client, isolation) as log:
            return await last_values(log, self.of(topic), progress)

    async def count(self, topic: Topic) -> int:
        """Return the number of committed records in `topic`."""
        keys: list[bytes] = []
        async with LogReader(self.client, "read_committed") as log:
            await log.read(self.of(topic), ignore_progress, lambda key, _: keys.append(key))
        return len(keys)

    async def hidden(self) -> dict[str, int]:
        """Return the number of offsets in each topic that an open transaction hides from readers."""
        tps = [self.of(topic) for topic in WRITTEN_TOPICS]
        async with (
            LogReader(self.client, "read_committed") as committed,
            LogReader(self.client, "read_uncommitted") as log,
        ):
            stable, ends = await committed.end_offsets(tps), await log.end_offsets(tps)
        return {tp.topic: ends[tp] - stable[tp] for tp in tps if ends[tp] != stable[tp]}

    def trim(self, topic: Topic, before: int) -> None:
        """Delete all records before that offset, as an operator may."""
        with KafkaAdminClient(bootstrap_servers=self.bootstrap) as admin:
            admin.delete_records({AdminPartition(topic.name, self.partition): before})


async def hang(writer: TransactionWriter, *tps: TopicPartition) -> None:
    """Make Kafka accept transactional records in these partitions without AddPartitionsToTxn."""
    producer = writer._producer
    await producer.begin_transaction()
    producer._txn_manager._txn_partitions.update(tps)


async def send_in_transaction(
    writer: TransactionWriter, tp: TopicPartition, *records: tuple[bytes | None, bytes | None]
) -> None:
    for key, value in records:
        await writer._producer.send_and_wait(tp.topic, value, key=key, partition=tp.partition)


def judge(state: PartitionState, records: list[KafkaRecord]) -> PartitionState:
    """Apply these records, the first of which has the offset that the state reads next."""
    for event in records:
        state.apply(event, FOREVER)
    state.next += len(records)
    return state


def configure(bootstrap: str, kind: ConfigResourceType, name: str, **settings: object) -> None:
    """Change settings of a topic or broker. Underscores in the names of settings stand for dots."""
    configs = {key.replace("_", "."): str(value) for key, value in settings.items()}
    with KafkaAdminClient(bootstrap_servers=bootstrap) as admin:
        admin.alter_configs([ConfigResource(kind, name, configs)], raise_on_unknown=False)
