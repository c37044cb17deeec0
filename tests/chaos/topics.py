"""Reads topics one partition at a time, so that a long run fits into memory."""

from __future__ import annotations

from collections.abc import Iterator

from streams.engine.recovery import HEAL_KEY
from streams.records import KafkaRecord
from tests.worker import records
from tests.worker.records import PARTITIONS


def read(bootstrap: str, topic: str) -> Iterator[KafkaRecord]:
    """All that is committed in `topic`, partition by partition, each in its order."""
    for partition in range(PARTITIONS):
        yield from read_partition(bootstrap, topic, partition)


def read_partition(bootstrap: str, topic: str, partition: int) -> list[KafkaRecord]:
    """All that is committed in one partition, in its order, but for what only ends a hanging transaction."""
    return [one for one in records.read(bootstrap, topic, [partition]) if one.key != HEAL_KEY]
