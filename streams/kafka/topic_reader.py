"""Reading a topic for the commands: to its present end, or following it."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from typing import Any, Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from streams.kafka.clients import partitions_of, reader
from streams.kafka.connection import Connection, KafkaFailed
from streams.kafka.permissions import Need
from streams.records import KafkaRecord, RecordPosition

_POLL_MS: Final = 250
_POSITION: Final = re.compile(r"(\d{1,9})@(\d{1,18})")


def parse_position(text: str) -> RecordPosition:
    """Read a position written PARTITION@OFFSET. Raises ValueError."""
    found = _POSITION.fullmatch(text)
    if found is None:
        raise ValueError("write PARTITION@OFFSET, such as 3@17")
    return RecordPosition(int(found[1]), int(found[2]))


def read_topic(
    connection: Connection, topic: str, starts: Mapping[int, int] | None = None
) -> Generator[KafkaRecord, None, None]:
    """Yield every record that `topic` holds now.

    starts: read only these partitions, from these offsets. Close the generator if it is not read to its end.
    Raises KafkaFailed.
    """
    known = partitions_of(connection, Need("READ", "topic", topic))
    places = [TopicPartition(topic, number) for number in known if starts is None or number in starts]
    consumer = reader(connection)
    try:
        ends = _begin(consumer, places, starts or {})
        while any(consumer.position(one) < end for one, end in ends.items()):
            for one, records in consumer.poll(timeout_ms=_POLL_MS).items():
                yield from (_record_of(record) for record in records if record.offset < ends[one])
    except KafkaError as error:
        raise KafkaFailed(f"{connection.bootstrap}: {topic} cannot be read: {error}") from error
    finally:
        consumer.close()


def follow_topic(connection: Connection, topic: str, *, from_beginning: bool) -> Generator[KafkaRecord, None, None]:
    """Yield every record of `topic` as it arrives, without end; close the generator to stop.

    from_beginning: start with the records that the topic already holds. Raises KafkaFailed.
    """
    places = [TopicPartition(topic, number) for number in partitions_of(connection, Need("READ", "topic", topic))]
    consumer = reader(connection)
    try:
        consumer.assign(places)
        (consumer.seek_to_beginning if from_beginning else consumer.seek_to_end)(*places)
        for one in places:
            consumer.position(one)  # asks for the end now rather than at the first poll
        while True:
            for records in consumer.poll(timeout_ms=_POLL_MS).values():
                yield from map(_record_of, records)
    except KafkaError as error:
        raise KafkaFailed(f"{connection.bootstrap}: {topic} cannot be read: {error}") from error
    finally:
        consumer.close()


def _begin(
    consumer: KafkaConsumer, places: list[TopicPartition], starts: Mapping[int, int]
) -> dict[TopicPartition, int]:
    """Seek the consumer to where reading starts; return the end offset of each partition."""
    consumer.assign(places)
    firsts: dict[TopicPartition, int] = consumer.beginning_offsets(places)
    ends: dict[TopicPartition, int] = consumer.end_offsets(places)
    for one in places:
        consumer.seek(one, min(max(firsts[one], starts.get(one.partition, 0)), ends[one]))
    return ends


def _record_of(record: Any) -> KafkaRecord:
    headers = tuple((name, value or b"") for name, value in record.headers)
    return KafkaRecord(record.timestamp, record.key, record.value, headers, record.partition, record.offset)
