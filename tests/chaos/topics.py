"""Reads topics one partition at a time, so that a long run fits into memory."""

from __future__ import annotations

from collections.abc import Iterator

from streams.engine.recovery import HEAL_KEY
from streams.records import KafkaRecord
from tests.worker import records
from tests.worker.records import PARTITIONS


def read(bootstrap: str, topic: str) -> Iterator[KafkaRecord]:
    """Yield all committed records of `topic`, partition by partition."""
    for partition in range(PARTITIONS):
        yield from read_partition(bootstrap, topic, partition)


def read_partition(bootstrap: str, topic: str, partition: int) -> list[KafkaRecord]:
    """Return all committed records of a partition, except those that only end a hanging transaction."""
    return [record for record in records.read(bootstrap, topic, [partition]) if record.key != HEAL_KEY]
