"""Filling promise.events fast: whole batches, straight from a generator."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from zlib import crc32

from aiokafka import AIOKafkaProducer

from streams.kafka.topics import EVENTS
from streams.records import KafkaRecord

PARTITIONS: Final = 4
_BATCH_BYTES = 100_000


async def load(bootstrap: str, records: Iterable[KafkaRecord]) -> int:
    """Write `records`, in their order, each to the partition of its case; returns how many. Raises KafkaError."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=_BATCH_BYTES) as producer:
        writer = Batches(producer)
        for record in records:
            await writer.add(record)
        await writer.flush()
        await producer.flush()
    return writer.written


class Batches:
    """One open batch per partition. A full batch is sent."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self.written = 0
        self._producer = producer
        self._growing: dict[int, Any] = {}

    async def add(self, record: KafkaRecord) -> None:
        """Put a record into the batch of its partition."""
        assert record.key is not None
        partition = crc32(record.key) % PARTITIONS
        while not self._append(partition, record):
            await self._send(partition)
        self.written += 1

    async def flush(self) -> None:
        """Send what has grown so far."""
        for partition in list(self._growing):
            await self._send(partition)

    def _append(self, partition: int, record: KafkaRecord) -> bool:
        batch = self._growing.get(partition)
        if batch is None:
            batch = self._growing[partition] = self._producer.create_batch()
        return batch.append(key=record.key, value=record.value, timestamp=record.timestamp) is not None

    async def _send(self, partition: int) -> None:
        await self._producer.send_batch(self._growing.pop(partition), EVENTS.name, partition=partition)
