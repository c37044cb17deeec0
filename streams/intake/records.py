"""What records of feeds become, as Kafka records: events and clocks, refused records, and what has to be fetched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec
from aiokafka.partitioner import murmur2
from faust.types import TP

from schemas.events import Clock, Record
from schemas.instants import Instant, instant
from schemas.reading import MAX_BYTES, Refused
from streams.adapters.feed_records import AdaptedRecord, ThinNotification
from streams.config.feeds import Feed
from streams.intake.state import is_credible
from streams.kafka.reject_headers import (
    RecordSource,
    cut_header,
    original_headers,
    refusal_headers,
    source_headers,
    text_headers,
)
from streams.kafka.topics import EVENTS, NEEDS_FETCH, REJECTS
from streams.records import ConsumedRecord as FeedRecord
from streams.records import Headers, OutputRecord

LARGEST: Final = 16 * MAX_BYTES
"""Bytes of a record that is kept whole; of a larger one only the beginning is."""

_SAMPLE: Final = MAX_BYTES

_encode = msgspec.json.Encoder().encode
PartitionsByTopic = Mapping[str, int]
"""How many partitions each topic has."""


class RecordContext(NamedTuple):
    """Where a record of a feed stands, and the time that it goes on with: its own, where that is credible."""

    feed: Feed
    tp: TP
    record: FeedRecord
    at: Instant

    @classmethod
    def of(cls, feed: Feed, tp: TP, record: FeedRecord, wall: Instant) -> RecordContext:
        """`wall`: the wall clock."""
        return cls(feed, tp, record, record.timestamp if is_credible(record.timestamp, wall) else wall)


def messages(
    taken: AdaptedRecord | Refused, place: RecordContext, partitions: PartitionsByTopic
) -> Iterator[OutputRecord]:
    """All that goes to Kafka because of one record."""
    if isinstance(taken, Refused):
        yield _rejected(taken, place, partitions)
        return
    for event in taken.events:
        yield _said(event, place.at, partitions)
    for thin in taken.thin:
        yield _to_fetch(thin, place, partitions)


def clocks(clock: Clock, partitions: PartitionsByTopic) -> list[OutputRecord]:
    """A clock record for every partition of promise.events, of the time that it says."""
    value, at = _encode(clock), instant(clock.at)
    return [
        OutputRecord(EVENTS.name, None, value, partition=number, timestamp=at)
        for number in range(partitions[EVENTS.name])
    ]


@lru_cache(maxsize=1 << 16)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition where Kafka's own clients put a record of that key."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


def _said(event: Record, at: Instant, partitions: PartitionsByTopic) -> OutputRecord:
    assert not isinstance(event, Clock), "a feed's book lets no clock record through"
    key = event.case.encode()
    partition = partition_of(key, partitions[EVENTS.name])
    return OutputRecord(EVENTS.name, key, _encode(event), partition=partition, timestamp=at)


def _rejected(refused: Refused, place: RecordContext, partitions: PartitionsByTopic) -> OutputRecord:
    """A record as it came, with the reason. One without key and value gets an empty value: no client sends neither."""
    record = place.record
    value = b"" if record.key is None and record.value is None else record.value
    return _kept(REJECTS.name, record.key, value, refusal_headers(refused), place, partitions)


def _to_fetch(thin: ThinNotification, place: RecordContext, partitions: PartitionsByTopic) -> OutputRecord:
    """A notification as it came, with what it is about; keyed by that, so that of one order all go to one reader."""
    about, key = text_headers({"kind": thin.kind, "ref": thin.ref}), thin.ref.encode(errors="replace")
    return _kept(NEEDS_FETCH.name, key, place.record.value, about, place, partitions)


def _kept(
    topic: str,
    key: bytes | None,
    value: bytes | None,
    about: Headers,
    place: RecordContext,
    partitions: PartitionsByTopic,
) -> OutputRecord:
    """The record, with what is told of it, where it stands, and its own headers."""
    headers, own = (*about, *_context_headers(place)), original_headers(place.record.headers)
    size = len(key or b"") + len(value or b"") + sum(len(name) + len(text) for name, text in own)
    if size > LARGEST:
        headers = (*headers, cut_header(size))
        key, value, own = key and key[:_SAMPLE], value and value[:_SAMPLE], ()
    number = partitions[topic]
    partition = place.tp.partition % number if key is None else partition_of(key, number)
    return OutputRecord(topic, key, value, (*headers, *own), partition)


def _context_headers(place: RecordContext) -> Headers:
    """Return the feed and adapter of a record, and where it was read."""
    feed, record = place.feed, place.record
    source = RecordSource(place.tp.topic, place.tp.partition, record.offset, record.timestamp)
    return (*text_headers({"feed": feed.name, "adapter": feed.adapter}), *source_headers(source))
