"""The consumer of promise.alerts, a member of a consumer group.

The notifiers of a group share the partitions, and a partition that moves is continued at its committed position.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Final, NamedTuple

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.errors import (
    CommitFailedError,
    InconsistentGroupProtocolError,
    KafkaError,
    RebalanceInProgressError,
    RetriableError,
)
from kafka.structs import OffsetAndMetadata

from streams.kafka.clients import RESPONSE_TIMEOUT_MS, group_consumer
from streams.kafka.connection import Connection, KafkaFailed
from streams.kafka.topics import ALERTS
from streams.notifier.progress import CommittedPosition
from streams.records import KafkaRecord

log = logging.getLogger("promises")

_COMMIT_MS: Final = 2_000
_MAX_RECORDS: Final = 200
"""The maximum number of records in one poll."""

_PROBE_SECONDS: Final = 30.0
"""The interval of requests to Kafka, because a consumer does not report that Kafka is unreachable."""


class Poll(NamedTuple):
    """The result of a poll. starts: the positions of all assigned partitions, if the assignment changed."""

    starts: Mapping[int, CommittedPosition] | None
    records: list[KafkaRecord]


class AlertConsumer:
    """A member of the consumer group. Its methods raise KafkaFailed for errors that retrying does not solve."""

    def __init__(self, connection: Connection, group: str) -> None:
        self._connection, self._group = connection, group
        self._listener = _Listener()
        self._committed: dict[int, CommittedPosition] = {}
        self._probed_at = time.monotonic()
        self._is_unreachable = False
        self._consumer: KafkaConsumer = group_consumer(connection, group, "promises-notify")
        self._consumer.subscribe([ALERTS.name], listener=self._listener)

    def close(self) -> None:
        """Leave the group, so that another notifier takes over at once."""
        self._consumer.close(autocommit=False, timeout_ms=_COMMIT_MS)

    def read(self, seconds: float, *, is_full: bool) -> Poll:
        """Return new records after at most this many seconds. is_full: read no records now."""
        try:
            self._pause(is_full)
            polled = self._consumer.poll(timeout_ms=max(10, int(seconds * 1000)), max_records=_MAX_RECORDS)
            self._probe()
            if self._listener.is_changed:
                return Poll(self._assigned_positions(), [])
        except RetriableError:
            return Poll(None, [])
        except KafkaError as error:
            raise self._failed(error) from error
        records = [
            KafkaRecord(
                timestamp=record.timestamp,
                key=record.key,
                value=record.value,
                partition=record.partition,
                offset=record.offset,
            )
            for batch in polled.values()
            for record in batch
        ]
        return Poll(None, records)

    def commit(self, positions: Mapping[int, CommittedPosition]) -> None:
        """Commit the positions that changed since the last commit."""
        moved = {number: position for number, position in positions.items() if position != self._committed.get(number)}
        if not moved:
            return
        offsets = {
            _partition(number): OffsetAndMetadata(position.offset, position.text, -1)
            for number, position in moved.items()
        }
        try:
            self._consumer.commit(offsets, timeout_ms=_COMMIT_MS)
        except (RetriableError, CommitFailedError, RebalanceInProgressError):
            return  # the next step commits it, or another member owns the partition by then
        except KafkaError as error:
            raise self._failed(error) from error
        self._committed.update(moved)

    def _pause(self, is_full: bool) -> None:
        if is_full:
            self._consumer.pause(*self._consumer.assignment())
        else:
            self._consumer.resume(*self._consumer.paused())

    def _assigned_positions(self) -> dict[int, CommittedPosition]:
        """Return the committed position of each assigned partition; a new group begins at the end."""
        self._listener.is_changed = False
        self._committed = {}
        if not self._listener.is_assigned:
            return {}
        try:
            starts = {tp.partition: self._start(tp) for tp in self._consumer.assignment()}
        except KafkaError:
            self._listener.is_changed = True
            raise
        self.commit(starts)
        return starts

    def _start(self, tp: TopicPartition) -> CommittedPosition:
        """Seek a partition to its committed position, and return it."""
        committed = self._consumer.committed(tp, metadata=True, timeout_ms=RESPONSE_TIMEOUT_MS)
        if committed is not None:
            start = CommittedPosition(committed.offset, committed.metadata or "")
        else:
            start = CommittedPosition(self._consumer.end_offsets([tp], timeout_ms=RESPONSE_TIMEOUT_MS)[tp])
        self._consumer.seek(tp, start.offset)
        return start

    def _probe(self) -> None:
        """Log when Kafka becomes unreachable, and when it responds again."""
        if time.monotonic() - self._probed_at < _PROBE_SECONDS:
            return
        try:
            self._consumer.end_offsets([_partition(0)], timeout_ms=_COMMIT_MS)
            is_unreachable = False
        except RetriableError:
            is_unreachable = True
        self._probed_at = time.monotonic()
        if is_unreachable is not self._is_unreachable:
            self._is_unreachable = is_unreachable
            state = "does not respond; no alert is read until it does" if is_unreachable else "responds again"
            log.warning("%s: Kafka %s", self._connection.bootstrap, state)

    def _failed(self, error: KafkaError) -> KafkaFailed:
        where = self._connection.bootstrap
        if isinstance(error, InconsistentGroupProtocolError):
            return KafkaFailed(f"{where}: group {self._group} is not a group of notifiers; give another with --group")
        return KafkaFailed(f"{where}: {ALERTS.name} can no longer be read as group {self._group}: {error}")


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python has no types
    """Records changes of the assignment, which happen in the thread of the client."""

    def __init__(self) -> None:
        self.is_assigned = False
        self.is_changed = False

    def on_partitions_revoked(self, revoked: object) -> None:
        self.is_assigned, self.is_changed = False, True

    def on_partitions_assigned(self, assigned: object) -> None:
        self.is_assigned, self.is_changed = True, True


def _partition(partition: int) -> TopicPartition:
    return TopicPartition(ALERTS.name, partition)
