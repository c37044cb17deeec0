"""Reading a topic for the commands: up to its current end, or following it."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from typing import Any, Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from streams.kafka.clients import consumer_without_group, partitions_of
from streams.kafka.connection import Connection, KafkaFailed
from streams.kafka.permissions import Need
from streams.records import KafkaRecord, RecordPosition

_POLL_MS: Final = 250
_POSITION: Final = re.compile(r"(\d{1,9})@(\d{1,18})")


def parse_position(text: str) -> RecordPosition:
    """Read a position written PARTITION@OFFSET. Raises ValueError."""
    match = _POSITION.fullmatch(text)
    if match is None:
        raise ValueError("write PARTITION@OFFSET, such as 3@17")
    return RecordPosition(int(match[1]), int(match[2]))


def read_topic(
    connection: Connection, topic: str, starts: Mapping[int, int] | None = None
) -> Generator[KafkaRecord, None, None]:
    """Yield every record that `topic` has now.

    starts: read only these partitions, from these offsets. Close the generator if it is not read to its end.
    Raises KafkaFailed.
    """
    partitions = partitions_of(connection, Need("READ", "topic", topic))
    tps = [TopicPartition(topic, number) for number in partitions if starts is None or number in starts]
    consumer = consumer_without_group(connection)
    try:
        ends = _seek(consumer, tps, starts or {})
        while any(consumer.position(tp) < end for tp, end in ends.items()):
            for tp, records in consumer.poll(timeout_ms=_POLL_MS).items():
                yield from (_record_of(record) for record in records if record.offset < ends[tp])
    except KafkaError as error:
        raise KafkaFailed(f"{connection.bootstrap}: {topic} cannot be read: {error}") from error
    finally:
        consumer.close()


def follow_topic(connection: Connection, topic: str, *, from_beginning: bool) -> Generator[KafkaRecord, None, None]:
    """Yield every record of `topic` as it arrives, without end; close the generator to stop.

    from_beginning: start with the records that the topic already has. Raises KafkaFailed.
    """
    tps = [TopicPartition(topic, number) for number in partitions_of(connection, Need("READ", "topic", topic))]
    consumer = consumer_without_group(connection)
    try:
        consumer.assign(tps)
        (consumer.seek_to_beginning if from_beginning else consumer.seek_to_end)(*tps)
        for tp in tps:
            consumer.position(tp)  # looks the end up now rather than at the first poll
        while True:
            for records in consumer.poll(timeout_ms=_POLL_MS).values():
                yield from map(_record_of, records)
    except KafkaError as error:
        raise KafkaFailed(f"{connection.bootstrap}: {topic} cannot be read: {error}") from error
    finally:
        consumer.close()


def _seek(consumer: KafkaConsumer, tps: list[TopicPartition], starts: Mapping[int, int]) -> dict[TopicPartition, int]:
    """Seek the consumer to the start of each partition; return the end offset of each."""
    consumer.assign(tps)
    firsts: dict[TopicPartition, int] = consumer.beginning_offsets(tps)
    ends: dict[TopicPartition, int] = consumer.end_offsets(tps)
    for tp in tps:
        consumer.seek(tp, min(max(firsts[tp], starts.get(tp.partition, 0)), ends[tp]))
    return ends


def _record_of(record: Any) -> KafkaRecord:
    headers = tuple((name, value or b"") for name, value in record.headers)
    return KafkaRecord(record.timestamp, record.key, record.value, headers, record.partition, record.offset)
