"""The Kafka records that intake writes: events, clock records, rejects, and notifications to fetch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec
from aiokafka.partitioner import murmur2
from faust.types import TP

from schemas.events import Clock, Record
from schemas.instants import Instant, from_datetime
from schemas.reading import MAX_BYTES, Refused
from streams.adapters.feed_records import AdaptedRecord, ThinNotification
from streams.config.feeds import Feed
from streams.intake.state import is_credible
from streams.kafka.reject_headers import (
    cut_header,
    original_headers,
    refusal_headers,
    source_headers,
)
from streams.kafka.topics import EVENTS, NEEDS_FETCH, REJECTS
from streams.records import ConsumedRecord, Headers, OutputRecord

LARGEST: Final = 16 * MAX_BYTES
"""The maximum size in bytes of a record that is stored whole. Of a larger one only the beginning is stored."""

_SAMPLE: Final = MAX_BYTES

_encode = msgspec.json.Encoder().encode
PartitionCounts = Mapping[str, int]
"""The number of partitions of each topic."""


class RecordContext(NamedTuple):
    """A record of a feed with its position. at: its own timestamp if that is credible, otherwise the wall clock."""

    feed: Feed
    tp: TP
    record: ConsumedRecord
    at: Instant

    @classmethod
    def of(cls, feed: Feed, tp: TP, record: ConsumedRecord, wall_clock: Instant) -> RecordContext:
        """Return the context of a record that is read now."""
        is_own = is_credible(record.timestamp, wall_clock)
        # Positional: it is made for every record, and keywords cost more.
        return cls(feed, tp, record, record.timestamp if is_own else wall_clock)


def output_records(
    adapted: AdaptedRecord | Refused, context: RecordContext, partition_counts: PartitionCounts
) -> Iterator[OutputRecord]:
    """Yield all records that result from one record of a feed."""
    if isinstance(adapted, Refused):
        yield _reject(adapted, context, partition_counts)
        return
    for event in adapted.events:
        yield _event(event, context.at, partition_counts)
    for notification in adapted.thin:
        yield _notification(notification, context, partition_counts)


def clock_records(clock: Clock, partition_counts: PartitionCounts) -> list[OutputRecord]:
    """Return the clock record for every partition of promise.events, with its own instant as timestamp."""
    value, at = _encode(clock), from_datetime(clock.at)
    return [
        OutputRecord(EVENTS.name, None, value, partition=number, timestamp=at)
        for number in range(partition_counts[EVENTS.name])
    ]


@lru_cache(maxsize=1 << 16)
def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition in which Kafka's own clients put a record with this key."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


def _event(event: Record, at: Instant, partition_counts: PartitionCounts) -> OutputRecord:
    assert not isinstance(event, Clock), "the state of a feed removes clock records"
    key = event.case.encode()
    partition = partition_of(key, partition_counts[EVENTS.name])
    return OutputRecord(EVENTS.name, key, _encode(event), partition=partition, timestamp=at)


def _reject(refused: Refused, context: RecordContext, partition_counts: PartitionCounts) -> OutputRecord:
    """Return the refused record unchanged; without key and value it gets an empty value, as clients require one."""
    record = context.record
    value = b"" if record.key is None and record.value is None else record.value
    return _stored(REJECTS.name, record.key, value, refusal_headers(refused), context, partition_counts)


def _notification(
    notification: ThinNotification, context: RecordContext, partition_counts: PartitionCounts
) -> OutputRecord:
    """Return the notification as it came, keyed by its subject, so that one reader gets all of one order."""
    key = notification.ref.encode(errors="replace")
    headers = ("kind", notification.kind.encode(errors="replace")), ("ref", key)
    return _stored(NEEDS_FETCH.name, key, context.record.value, headers, context, partition_counts)


def _stored(
    topic: str,
    key: bytes | None,
    value: bytes | None,
    headers: Headers,
    context: RecordContext,
    partition_counts: PartitionCounts,
) -> OutputRecord:
    """Return the record with these headers, its position, and its own headers."""
    our_headers, own_headers = (*headers, *_context_headers(context)), original_headers(context.record.headers)
    size = len(key or b"") + len(value or b"") + sum(len(name) + len(text) for name, text in own_headers)
    if size > LARGEST:
        our_headers = (*our_headers, cut_header(size))
        key, value, own_headers = key and key[:_SAMPLE], value and value[:_SAMPLE], ()
    count = partition_counts[topic]
    partition = context.tp.partition % count if key is None else partition_of(key, count)
    return OutputRecord(topic=topic, key=key, value=value, headers=(*our_headers, *own_headers), partition=partition)


def _context_headers(context: RecordContext) -> Headers:
    """Return the feed and the adapter of a record, and where it was read."""
    feed, tp = context.feed, context.tp
    ours = ("feed", feed.name.encode()), ("adapter", feed.adapter.encode(errors="replace"))
    return (*ours, *source_headers(tp.topic, tp.partition, context.record))
