"""Records as Kafka holds them, with place and headers, for the commands: read to the end of a topic, or followed."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from typing import Any, Final, NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from schemas.instants import Instant
from streams.kafka.clients import partitions_of, reader
from streams.kafka.connection import Connection, KafkaFailed
from streams.kafka.permissions import Need

Headers = tuple[tuple[str, bytes], ...]

_POLL_MS: Final = 250
_PLACE: Final = re.compile(r"(\d{1,9})@(\d{1,18})")


class RecordPosition(NamedTuple):
    """Where a record stands in its topic; written 3@17."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}@{self.offset}"


class ConsumedRecord(NamedTuple):
    """A record of a topic. timestamp: its own, in milliseconds. headers: a null value as empty bytes."""

    place: RecordPosition
    timestamp: Instant
    key: bytes | None
    value: bytes | None
    headers: Headers


def place(text: str) -> RecordPosition:
    """The place that is written PARTITION@OFFSET. Raises ValueError."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise ValueError("write PARTITION@OFFSET, such as 3@17")
    return RecordPosition(int(found[1]), int(found[2]))


def held(
    connection: Connection, topic: str, starts: Mapping[int, int] | None = None
) -> Generator[ConsumedRecord, None, None]:
    """Every record that `topic` holds now. With `starts`: of these partitions only, from these offsets on.

    Close it where it is not read to its end. Raises KafkaFailed.
    """
    known = partitions_of(connection, Need("READ", "topic", topic))
    places = [TopicPartition(topic, number) for number in known if starts is None or number in starts]
    consumer = reader(connection)
    try:
        ends = _begin(consumer, places, starts or {})
        while any(consumer.position(one) < end for one, end in ends.items()):
            for one, records in consumer.poll(timeout_ms=_POLL_MS).items():
                yield from (_held(record) for record in records if record.offset < ends[one])
    except KafkaError as error:
        raise KafkaFailed(f"{connection.bootstrap}: {topic} cannot be read: {error}") from error
    finally:
        consumer.close()


def followed(connection: Connection, topic: str, *, from_beginning: bool) -> Generator[ConsumedRecord, None, None]:
    """Every record that comes to `topic` from now on, or that it holds and that comes; without end, so close it.

    Raises KafkaFailed.
    """
    places = [TopicPartition(topic, number) for number in partitions_of(connection, Need("READ", "topic", topic))]
    consumer = reader(connection)
    try:
        consumer.assign(places)
        (consumer.seek_to_beginning if from_beginning else consumer.seek_to_end)(*places)
        for one in places:
            consumer.position(one)  # where the end is, is found out here, and not with the first poll
        while True:
            for records in consumer.poll(timeout_ms=_POLL_MS).values():
                yield from map(_held, records)
    except KafkaError as error:
        raise KafkaFailed(f"{connection.bootstrap}: {topic} cannot be read: {error}") from error
    finally:
        consumer.close()


def _begin(
    consumer: KafkaConsumer, places: list[TopicPartition], starts: Mapping[int, int]
) -> dict[TopicPartition, int]:
    """Put the consumer where it has to begin; the ends up to which there is something."""
    consumer.assign(places)
    firsts: dict[TopicPartition, int] = consumer.beginning_offsets(places)
    ends: dict[TopicPartition, int] = consumer.end_offsets(places)
    for one in places:
        consumer.seek(one, min(max(firsts[one], starts.get(one.partition, 0)), ends[one]))
    return ends


def _held(record: Any) -> ConsumedRecord:
    headers = tuple((name, value or b"") for name, value in record.headers)
    return ConsumedRecord(
        RecordPosition(record.partition, record.offset), record.timestamp, record.key, record.value, headers
    )
