"""promise.alerts as a member of a consumer group reads it. Notifiers of one group share the partitions: a second one
sends nothing twice, and takes over where the first ends."""

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

from streams.kafka.clients import ANSWER_MS, group_consumer
from streams.kafka.connection import Connection, KafkaFailed
from streams.kafka.topics import ALERTS
from streams.notifier.progress import CommittedPosition
from streams.notifier.queue import AlertPosition

log = logging.getLogger("promises")

_COMMIT_MS: Final = 2_000
_AT_ONCE: Final = 200
"""Records read before what they say is sent."""

_ASK_EVERY: Final = 30.0
"""Seconds after which Kafka is asked whether it is there: a consumer does not say that it is not."""


class AlertRecordRead(NamedTuple):
    """A record of promise.alerts."""

    place: AlertPosition
    value: bytes | None


class Poll(NamedTuple):
    """What was read. starts: where to go on in the partitions that are ours from now on; None: as before."""

    starts: Mapping[int, CommittedPosition] | None
    records: list[AlertRecordRead]


class AlertConsumer:
    """A member of the group; in a `with` block. Raises KafkaFailed for what does not pass by itself."""

    def __init__(self, connection: Connection, group: str) -> None:
        self._connection, self._group = connection, group
        self._listener = _Listener()
        self._committed: dict[int, CommittedPosition] = {}
        self._asked_at = time.monotonic()
        self._is_deaf = False
        self._consumer: KafkaConsumer = group_consumer(connection, group, "promises-notify")
        self._consumer.subscribe([ALERTS.name], listener=self._listener)

    def close(self) -> None:
        """Leave the group, so that another notifier takes over at once."""
        self._consumer.close(autocommit=False, timeout_ms=_COMMIT_MS)

    def read(self, seconds: float, *, is_full: bool) -> Poll:
        """What has come, after at most so many seconds; nothing new where `is_full`."""
        try:
            self._hold(is_full)
            records = self._consumer.poll(timeout_ms=max(10, int(seconds * 1000)), max_records=_AT_ONCE)
            self._ask()
            if self._listener.is_changed:
                return Poll(self._opened(), [])
        except RetriableError:
            return Poll(None, [])
        except KafkaError as error:
            raise self._failed(error) from error
        return Poll(
            None,
            [
                AlertRecordRead(AlertPosition(one.partition, one.offset), one.value)
                for found in records.values()
                for one in found
            ],
        )

    def commit(self, positions: Mapping[int, CommittedPosition]) -> None:
        """Keep these positions, where they are others than before."""
        moved = {number: position for number, position in positions.items() if position != self._committed.get(number)}
        if not moved:
            return
        places = {_place(number): OffsetAndMetadata(one.offset, one.text, -1) for number, one in moved.items()}
        try:
            self._consumer.commit(places, timeout_ms=_COMMIT_MS)
        except (RetriableError, CommitFailedError, RebalanceInProgressError):
            return  # the next turn commits it, or the partition is another's by then
        except KafkaError as error:
            raise self._failed(error) from error
        self._committed.update(moved)

    def _hold(self, is_full: bool) -> None:
        if is_full:
            self._consumer.pause(*self._consumer.assignment())
        else:
            self._consumer.resume(*self._consumer.paused())

    def _opened(self) -> dict[int, CommittedPosition]:
        """Where each partition that is now ours was left; a new group begins at its end."""
        self._listener.is_changed = False
        self._committed = {}
        if not self._listener.is_assigned:
            return {}
        try:
            starts = {place.partition: self._start(place) for place in self._consumer.assignment()}
        except KafkaError:
            self._listener.is_changed = True
            raise
        self.commit(starts)
        return starts

    def _start(self, place: TopicPartition) -> CommittedPosition:
        kept = self._consumer.committed(place, metadata=True, timeout_ms=ANSWER_MS)
        if kept is not None:
            start = CommittedPosition(kept.offset, kept.metadata or "")
        else:
            start = CommittedPosition(self._consumer.end_offsets([place], timeout_ms=ANSWER_MS)[place])
        self._consumer.seek(place, start.offset)
        return start

    def _ask(self) -> None:
        if time.monotonic() - self._asked_at < _ASK_EVERY:
            return
        try:
            self._consumer.end_offsets([_place(0)], timeout_ms=_COMMIT_MS)
            is_deaf = False
        except RetriableError:
            is_deaf = True
        self._asked_at = time.monotonic()
        if is_deaf is not self._is_deaf:
            self._is_deaf = is_deaf
            said = "does not answer; no alert is read until it does" if is_deaf else "answers again"
            log.warning("%s: Kafka %s", self._connection.bootstrap, said)

    def _failed(self, error: KafkaError) -> KafkaFailed:
        where = self._connection.bootstrap
        if isinstance(error, InconsistentGroupProtocolError):
            return KafkaFailed(f"{where}: group {self._group} is not one of notifiers; choose another with --group")
        return KafkaFailed(f"{where}: {ALERTS.name} can no longer be read as group {self._group}: {error}")


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python has no types
    """Notes what happens in the thread of the client, for the thread that reads."""

    def __init__(self) -> None:
        self.is_assigned = False
        self.is_changed = False

    def on_partitions_revoked(self, revoked: object) -> None:
        self.is_assigned, self.is_changed = False, True

    def on_partitions_assigned(self, assigned: object) -> None:
        self.is_assigned, self.is_changed = True, True


def _place(partition: int) -> TopicPartition:
    return TopicPartition(ALERTS.name, partition)
