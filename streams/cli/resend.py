"""Refused records sent again, each with its note in one Kafka transaction: so none is sent twice, whatever ends it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final, Self

from kafka.errors import KafkaError

from streams.cli.refused_records import Reject, again, note
from streams.kafka.clients import check, partitions_of, producer
from streams.kafka.connection import Connection, KafkaFailed
from streams.kafka.permissions import Need
from streams.kafka.topics import REJECTS

TRANSACTIONAL_ID: Final = "promises-rejects-retry"
"""Of whoever retries, so that a second one ends what the first has not committed."""

_RECORDS, _BYTES = 500, 8 << 20
"""What one transaction holds at most, but for a single record that is larger."""


class Resender:
    """Sends refused records to the topics they came from; in a `with` block. sent: how many are committed."""

    def __init__(self, connection: Connection, topics: Iterable[str]) -> None:
        """Make sure that `topics` can be written, and end what another retry had begun. Raises KafkaFailed."""
        self._where = connection.bootstrap
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
        """Send them; says after each transaction how many were sent in all. Raises KafkaFailed."""
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
            written = list(chain.from_iterable(map(self._write, batch)))
            self._producer.flush()
            for future in written:
                future.get(timeout=30)
        except BaseException:
            self._producer.abort_transaction()
            raise
        self._producer.commit_transaction()

    def _write(self, reject: Reject) -> Iterator[Any]:
        record = again(reject)
        has = record.partition in self._partitions[record.topic]
        yield self._producer.send(
            record.topic,
            record.value,
            key=record.key,
            headers=list(record.headers),
            partition=record.partition if has else None,
            timestamp_ms=record.timestamp,
        )
        yield self._producer.send(REJECTS.name, b"", headers=list(note(reject)), partition=reject.at.partition)

    def _failed(self, what: str) -> KafkaFailed:
        return KafkaFailed(f"{self._where}: {what}; what was not committed waits as before, try again")


def _batches(rejects: Iterable[Reject]) -> Iterator[list[Reject]]:
    batch: list[Reject] = []
    size = 0
    for reject in rejects:
        length = len(reject.value or b"")
        if batch and (len(batch) == _RECORDS or size + length > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append(reject)
        size += length
    if batch:
        yield batch
