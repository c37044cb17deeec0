"""One partition of a real Kafka, with all that a ledger writes there and all that anybody reads of it."""

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
from streams.worker.recovery import WRITTEN, PartitionRecovery
from tests.histories import READY, Story, at
from tests.state.partitions import FOREVER, record

Isolation = Literal["read_committed", "read_uncommitted"]
Progress = Callable[[int, int], None]


def ignored(_at: int, _end: int) -> None:
    """For who does not want to know how far a changelog is read."""


async def last_values(log: LogReader, tp: TopicPartition, progress: Progress) -> dict[bytes, bytes]:
    """The last value of every key that `log` gives of `tp`, without those taken back."""
    given: dict[bytes, bytes | None] = {}
    await log.read(tp, progress, given.__setitem__)
    return {key: value for key, value in given.items() if value is not None}


@dataclass
class Place:
    """The partition of that number of every topic."""

    bootstrap: str
    partition: int

    @property
    def client(self) -> dict[str, Any]:
        return {"bootstrap_servers": self.bootstrap}

    @property
    def name(self) -> str:
        """The transactional id of whoever owns the place, as the contract with other Kafka clients has it."""
        return transactional_id(self.partition)

    def of(self, topic: Topic) -> TopicPartition:
        return TopicPartition(topic.name, self.partition)

    @asynccontextmanager
    async def opened(
        self, policies: Policies = READY, *, is_exact: bool = True, progress: Progress = ignored
    ) -> AsyncIterator[tuple[PartitionState, TransactionWriter]]:
        """A worker takes the place over; at the end it goes."""
        book, writer = await PartitionRecovery(self.client, policies, is_exact).open(
            TP(EVENTS.name, self.partition), progress
        )
        try:
            yield book, writer
        finally:
            await writer.stop()

    @asynccontextmanager
    async def writer(self, *, is_exact: bool = True) -> AsyncIterator[TransactionWriter]:
        """Somebody who may write here, and does not care for books."""
        writer = TransactionWriter(self.client, self.of(CHANGELOG), self.name if is_exact else None)
        try:
            await writer.start()
            yield writer
        finally:
            await writer.stop()

    async def told(self, story: Story) -> list[KafkaRecord]:
        """The events of `story` happen and stand in promise.events."""
        records = [record(event, at(story.time)) for event in story.events]
        async with AIOKafkaProducer(**self.client, enable_idempotence=True) as shop:  # or a slow broker has one twice
            for one in records:
                await shop.send_and_wait(
                    EVENTS.name, one.value, key=one.key, partition=self.partition, timestamp_ms=one.timestamp
                )
        return records

    async def read(
        self, topic: Topic, isolation: Isolation = "read_committed", told: list[tuple[int, int]] | None = None
    ) -> dict[bytes, bytes]:
        """The last value of every key of `topic`; how far it was read is `told`."""
        reached: list[tuple[int, int]] = [] if told is None else told
        async with LogReader(self.client, isolation) as log:
            return await last_values(log, self.of(topic), lambda at, end: reached.append((at, end)))

    async def count(self, topic: Topic) -> int:
        """How many records of `topic` anybody is given who reads what is committed."""
        async with LogReader(self.client, "read_committed") as log:
            consumer, tp = log._reader, self.of(topic)
            await last_values(log, tp, ignored)
            end, found = (await log.ends([tp]))[tp], 0
            await consumer.seek_to_beginning(tp)
            while await consumer.position(tp) < end:
                found += sum(len(some) for some in (await consumer.getmany(tp, timeout_ms=200)).values())
            return found

    async def hidden(self) -> dict[str, int]:
        """By topic, how many offsets no reader of committed records gets to, because a transaction is open."""
        tps = [self.of(topic) for topic in WRITTEN]
        async with (
            LogReader(self.client, "read_committed") as committed,
            LogReader(self.client, "read_uncommitted") as whole,
        ):
            stable, ends = await committed.ends(tps), await whole.ends(tps)
        return {tp.topic: ends[tp] - stable[tp] for tp in tps if ends[tp] != stable[tp]}

    def trim(self, topic: Topic, before: int) -> None:
        """The operator deletes all records before that offset."""
        with KafkaAdminClient(bootstrap_servers=self.bootstrap) as admin:
            admin.delete_records({AdminPartition(topic.name, self.partition): before})


async def hangs(writer: TransactionWriter, *places: TopicPartition) -> None:
    """From now on Kafka takes records for these places, without knowing that they are of a transaction."""
    producer = writer._producer
    await producer.begin_transaction()
    producer._txn_manager._txn_partitions.update(places)


async def sends(writer: TransactionWriter, place: TopicPartition, *records: tuple[bytes | None, bytes | None]) -> None:
    for key, value in records:
        await writer._producer.send_and_wait(place.topic, value, key=key, partition=place.partition)


def judge(book: PartitionState, records: list[KafkaRecord]) -> PartitionState:
    """The book reads these records, the first of which is the one that it waits for."""
    for one in records:
        book.apply(one, FOREVER)
    book.next += len(records)
    return book


def configure(bootstrap: str, kind: ConfigResourceType, name: str, **settings: object) -> None:
    """Change settings of the topic or broker of that name; dots are written as underscores."""
    told = {key.replace("_", "."): str(value) for key, value in settings.items()}
    with KafkaAdminClient(bootstrap_servers=bootstrap) as admin:
        admin.alter_configs([ConfigResource(kind, name, told)], raise_on_unknown=False)
