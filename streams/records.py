"""Kafka records: ConsumedRecord (as a client returns it), KafkaRecord (a copy of it), OutputRecord (to be written)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

Headers = Sequence[tuple[str, bytes]]
"""Headers of a record: names and raw values, in order. A name may occur several times."""


class ConsumedRecord(Protocol):
    """A record that was read from Kafka.

    The records of aiokafka and kafka-python are of this type as they are, so reading copies nothing.
    """

    @property
    def offset(self) -> int: ...

    @property
    def timestamp(self) -> int:
        """Milliseconds UTC, set by the producer or the broker."""

    @property
    def key(self) -> bytes | None: ...

    @property
    def value(self) -> bytes | None: ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


class RecordPosition(NamedTuple):
    """The position of a record in its topic; written PARTITION@OFFSET, such as 3@17."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}@{self.offset}"


class KafkaRecord(NamedTuple):
    """A ConsumedRecord as a plain value. timestamp: milliseconds UTC. headers: a null value is empty bytes."""

    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int = 0
    offset: int = 0

    @property
    def position(self) -> RecordPosition:
        """The position of the record in its topic."""
        return RecordPosition(self.partition, self.offset)


class OutputRecord(NamedTuple):
    """A record to be written to Kafka.

    partition: None leaves the choice to the writer. timestamp: milliseconds UTC; None is the time of sending.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None
    timestamp: int | None = None
