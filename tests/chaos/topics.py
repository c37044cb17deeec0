"""Reads topics one partition at a time, so that a long run fits into memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.worker.records import PARTITIONS, Held

_LARGEST = 32 << 20
_HEALED = b"\0heal"
"""Key of a record that says nothing, and ends a transaction whose own end a broker lost."""


def read(bootstrap: str, topic: str) -> Iterator[Held]:
    """All that is committed in `topic`, partition by partition, each in its order."""
    for partition in range(PARTITIONS):
        yield from read_partition(bootstrap, topic, partition)


def read_partition(bootstrap: str, topic: str, partition: int) -> list[Held]:
    """All that is committed in one partition, in its order."""
    return asyncio.run(_read(bootstrap, TopicPartition(topic, partition)))


async def _read(bootstrap: str, place: TopicPartition) -> list[Held]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=_LARGEST,
    )
    async with consumer:
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        end = (await consumer.end_offsets([place]))[place]
        held: list[Held] = []
        while await consumer.position(place) < end:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                held += [
                    Held(one.partition, one.offset, one.timestamp, one.key, one.value, one.headers)
                    for one in records
                    if one.key != _HEALED
                ]
        return held
