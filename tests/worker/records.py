"""What shops send to Kafka, and what there is to read in it."""

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
    """A record to send. at: its timestamp; None: when it is sent. partition: None lets the key decide."""

    key: bytes | None
    value: bytes | None
    at: Instant | None = None
    partition: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True)
class Order:
    """What one customer ordered at one shop, and what happens to it."""

    case: str
    location: str
    staff: str = "s-1"

    def promised(self, made: Instant, due: Instant, *, arrives: Instant | None = None) -> SentRecord:
        terms = PromiseTerms(kind="ready", due=to_datetime(due))
        return self._say(PromisesMade, "promised", made, arrives, promises=[terms])

    def reached(self, step: str, at: Instant, *, arrives: Instant | None = None) -> SentRecord:
        return self._say(StepReached, step, at, arrives, step=step)

    def _say(self, what: type[Any], said: str, at: Instant, arrives: Instant | None, **fields: Any) -> SentRecord:
        event: CaseEvent = what(
            id=said,
            case=self.case,
            occurred_at=to_datetime(at),
            location=self.location,
            staff=Staff(id=self.staff),
            **fields,
        )
        return SentRecord(self.case.encode(), msgspec.json.encode(event), arrives)


def send(bootstrap: str, *records: SentRecord, topic: str = EVENTS.name) -> None:
    """Send these records, in this order; they are written when it returns."""
    asyncio.run(_send(bootstrap, records, topic))


def read(bootstrap: str, topic: str, partitions: Iterable[int] = range(PARTITIONS)) -> list[KafkaRecord]:
    """All that is committed in these partitions of `topic` now, each in its order."""
    return asyncio.run(_read(bootstrap, [TopicPartition(topic, partition) for partition in partitions]))


def verdicts(bootstrap: str, location: str) -> list[VerdictRecord]:
    """The verdicts on promises of that shop, each partition in its order."""
    found = [msgspec.json.decode(held.value or b"", type=VerdictRecord) for held in read(bootstrap, VERDICTS.name)]
    return [verdict for verdict in found if verdict.location == location]


def alerts(bootstrap: str, location: str) -> list[AlertRecord]:
    """The alerts on promises of that shop, each partition in its order."""
    found = [msgspec.json.decode(held.value or b"", type=AlertRecord) for held in read(bootstrap, ALERTS.name)]
    return [alert for alert in found if alert.location == location]


async def _send(bootstrap: str, records: Sequence[SentRecord], topic: str) -> None:
    # The serializer, because the client refuses to be given neither a key nor a value, which Kafka takes.
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, max_request_size=_LARGEST, linger_ms=5, value_serializer=_without_null
    )
    async with producer:
        writing = [
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
        await asyncio.gather(*writing)


def _without_null(value: bytes) -> bytes | None:
    return None if value is _NULL else value


async def _read(bootstrap: str, places: list[TopicPartition]) -> list[KafkaRecord]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=_LARGEST,
    )
    async with consumer:
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        held: list[KafkaRecord] = []
        while [place for place in places if await consumer.position(place) < ends[place]]:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                held += [
                    KafkaRecord(one.timestamp, one.key, one.value, one.headers, one.partition, one.offset)
                    for one in records
                ]
        return held
