"""Sending refused records again, each in one Kafka transaction with its retry note, so that none is sent twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final, Self

from kafka.errors import KafkaError

from streams.cli.refused_records import Reject, retry_note, retry_record
from streams.kafka.clients import check, partitions_of, producer
from streams.kafka.connection import Connection, KafkaFailed
from streams.kafka.permissions import Need
from streams.kafka.topics import REJECTS

TRANSACTIONAL_ID: Final = "promises-rejects-retry"
"""The same for every retry, so that a second one aborts the open transaction of the first."""

_MAX_RECORDS, _MAX_BYTES = 500, 8 << 20
"""The limits of one transaction; a single record may be larger."""


class Resender:
    """A transactional producer of refused records; a context manager. sent: the number of committed records."""

    def __init__(self, connection: Connection, topics: Iterable[str]) -> None:
        """Check that `topics` can be written, and abort the open transaction of another retry. Raises KafkaFailed."""
        self._bootstrap = connection.bootstrap
        needs = [Need("WRITE", "topic", name) for name in sorted(topics)]
        check(
            connection,
            [*needs, Need("WRITE", "topic", REJECTS.name), Need("WRITE", "transactional id", TRANSACTIONAL_ID)],
        )
        self._partitions = {need.name: partitions_of(connection, need) for need in needs}
        self.sent = 0
        self._producer: Any = producer(connection, transactional_id=TRANSACTIONAL_ID)
        try:
            self._producer.init_transactions()
        except KafkaError as error:
            self._producer.close()
            raise self._failed(f"no transaction of {TRANSACTIONAL_ID} can begin: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._producer.close()

    def send(self, rejects: Iterable[Reject]) -> Iterator[int]:
        """Send `rejects`; yield the total number sent after each transaction. Raises KafkaFailed."""
        for batch in _batches(rejects):
            try:
                self._commit(batch)
            except KafkaError as error:
                raise self._failed(f"after {self.sent} records were sent: {error}") from error
            self.sent += len(batch)
            yield self.sent

    def _commit(self, batch: list[Reject]) -> None:
        self._producer.begin_transaction()
        try:
            futures = list(chain.from_iterable(map(self._write, batch)))
            self._producer.flush()
            for future in futures:
                future.get(timeout=30)
        except BaseException:
            self._producer.abort_transaction()
            raise
        self._producer.commit_transaction()

    def _write(self, reject: Reject) -> Iterator[Any]:
        record = retry_record(reject)
        has_partition = record.partition in self._partitions[record.topic]
        yield self._producer.send(
            record.topic,
            record.value,
            key=record.key,
            headers=list(record.headers),
            partition=record.partition if has_partition else None,
            timestamp_ms=record.timestamp,
        )
        note = list(retry_note(reject))
        yield self._producer.send(REJECTS.name, b"", headers=note, partition=reject.position.partition)

    def _failed(self, problem: str) -> KafkaFailed:
        return KafkaFailed(f"{self._bootstrap}: {problem}; records that were not committed still wait, try again")


def _batches(rejects: Iterable[Reject]) -> Iterator[list[Reject]]:
    """Group `rejects` into the content of one transaction each."""
    batch: list[Reject] = []
    size = 0
    for reject in rejects:
        length = len(reject.value or b"")
        if batch and (len(batch) == _MAX_RECORDS or size + length > _MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(reject)
        size += length
    if batch:
        yield batch
