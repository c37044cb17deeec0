"""Clients for the topics: send records, and read what was written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.events import CaseEvent, PromisesMade, PromiseTerms, Staff, StepReached
from schemas.instants import Instant, to_datetime
from schemas.verdicts import AlertRecord, VerdictRecord
from streams.kafka.topics import ALERTS, EVENTS, VERDICTS
from streams.records import KafkaRecord

PARTITIONS: Final = 4
_LARGEST: Final = 32 << 20
_NULL: Final = b"null"


class SentRecord(NamedTuple):
    """A record to send. at: the timestamp; None: the time of sending. partition: None lets the key decide."""

    key: bytes | None
    value: bytes | None
    at: Instant | None = None
    partition: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True)
class Order:
    """The events of one order at one location."""

    case: str
    location: str
    staff: str = "s-1"

    def promised(self, made: Instant, due: Instant, *, arrives: Instant | None = None) -> SentRecord:
        terms = PromiseTerms(kind="ready", due=to_datetime(due))
        return self._record(PromisesMade, "promised", made, arrives, promises=[terms])

    def reached(self, step: str, at: Instant, *, arrives: Instant | None = None) -> SentRecord:
        return self._record(StepReached, step, at, arrives, step=step)

    def _record(
        self, event_type: type[Any], id: str, at: Instant, arrives: Instant | None, **fields: Any
    ) -> SentRecord:
        event: CaseEvent = event_type(
            id=id,
            case=self.case,
            occurred_at=to_datetime(at),
            location=self.location,
            staff=Staff(id=self.staff),
            **fields,
        )
        return SentRecord(self.case.encode(), msgspec.json.encode(event), arrives)


def send(bootstrap: str, *records: SentRecord, topic: str = EVENTS.name) -> None:
    """Send these records in order, and return when they are written."""
    asyncio.run(_send(bootstrap, records, topic))


def read(bootstrap: str, topic: str, partitions: Iterable[int] = range(PARTITIONS)) -> list[KafkaRecord]:
    """Return all committed records in these partitions of `topic`, in order within each partition."""
    return asyncio.run(_read(bootstrap, [TopicPartition(topic, partition) for partition in partitions]))


def verdicts(bootstrap: str, location: str) -> list[VerdictRecord]:
    """Return the verdicts on promises of that location, in order within each partition."""
    records = read(bootstrap, VERDICTS.name)
    all_verdicts = [msgspec.json.decode(record.value or b"", type=VerdictRecord) for record in records]
    return [verdict for verdict in all_verdicts if verdict.location == location]


def alerts(bootstrap: str, location: str) -> list[AlertRecord]:
    """Return the alerts on promises of that location, in order within each partition."""
    records = read(bootstrap, ALERTS.name)
    all_alerts = [msgspec.json.decode(record.value or b"", type=AlertRecord) for record in records]
    return [alert for alert in all_alerts if alert.location == location]


async def _send(bootstrap: str, records: Sequence[SentRecord], topic: str) -> None:
    # The serializer, because the client refuses a record without key and value, which Kafka accepts.
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, max_request_size=_LARGEST, linger_ms=5, value_serializer=_without_null
    )
    async with producer:
        sending = [
            await producer.send(
                topic,
                _NULL if record.value is None else record.value,
                key=record.key,
                partition=record.partition,
                timestamp_ms=record.at,
                headers=list(record.headers),
            )
            for record in records
        ]
        await asyncio.gather(*sending)


def _without_null(value: bytes) -> bytes | None:
    return None if value is _NULL else value


async def _read(bootstrap: str, tps: list[TopicPartition]) -> list[KafkaRecord]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=_LARGEST,
    )
    async with consumer:
        consumer.assign(tps)
        await consumer.seek_to_beginning(*tps)
        ends = await consumer.end_offsets(tps)
        records: list[KafkaRecord] = []
        while [tp for tp in tps if await consumer.position(tp) < ends[tp]]:
            for fetched in (await consumer.getmany(timeout_ms=200)).values():
                for record in fetched:
                    position = record.partition, record.offset
                    records.append(KafkaRecord(record.timestamp, record.key, record.value, record.headers, *position))
        return records
