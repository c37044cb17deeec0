"""The refused records of promise.rejects: reading them, filtering and counting them, and making the record to retry.

Workers refuse records of promise.events, and intake refuses records of feeds. A retry sends the record to its topic
and writes a retry note to promise.rejects, to the partition of the refused record, in one transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from schemas.instants import ImplausibleInstant, Instant, format_instant, from_datetime, to_datetime
from streams.adapters.envelopes import RECEIVED_AT
from streams.kafka.reject_headers import read_reject_headers, retried_position, retry_headers
from streams.kafka.topic_reader import parse_position
from streams.records import Headers, KafkaRecord, OutputRecord, RecordPosition

RETRIED: Final = "promises.retried"
"""The header of a record that was sent again: the position of its refusal in promise.rejects."""


class RejectGroup(NamedTuple):
    """The key by which refused records are counted. feed: empty for promise.events."""

    topic: str
    feed: str
    reason: str


class Reject(NamedTuple):
    """A refused record.

    position: in promise.rejects. partition, offset and timestamp: of the record where it was read, None if unknown.
    cut: the full size of a record that was too large to be kept whole; empty for others.
    """

    position: RecordPosition
    refused_at: Instant
    group: RejectGroup
    detail: str
    adapter: str
    partition: int | None
    offset: int | None
    timestamp: Instant | None
    key: bytes | None
    value: bytes | None
    headers: Headers
    cut: str

    @property
    def source(self) -> str:
        """Where the record was read, such as feeds.square 3@17."""
        if self.partition is None or self.offset is None:
            return self.group.topic
        return f"{self.group.topic} {RecordPosition(self.partition, self.offset)}"

    @property
    def received_at(self) -> str:
        """The timestamp of the record as RFC 3339; empty if it is unknown or implausible."""
        try:
            return format_instant(from_datetime(to_datetime(self.timestamp or 0)))
        except (ImplausibleInstant, OverflowError):
            return ""

    @property
    def why_not(self) -> str:
        """Why the record cannot be retried; empty if it can."""
        if not self.group.topic:
            return "its topic is not known"
        return f"only its beginning was kept, it had {self.cut}" if self.cut else ""


class RejectFilter(NamedTuple):
    """A selection of refused records; an empty filter selects all. since: the earliest refusal."""

    reasons: Collection[str] = ()
    feeds: Collection[str] = ()
    topics: Collection[str] = ()
    since: Instant = 0
    positions: Collection[RecordPosition] = ()

    def matches(self, reject: Reject) -> bool:
        """Return whether the filter selects `reject`."""
        criteria = (
            (self.reasons, reject.group.reason),
            (self.feeds, reject.group.feed),
            (self.topics, reject.group.topic),
            (self.positions, reject.position),
        )
        is_recent = reject.refused_at >= self.since
        return is_recent and all(not allowed or value in allowed for allowed, value in criteria)


class WaitingReject(NamedTuple):
    """A refused record that was not retried."""

    group: RejectGroup
    refused_at: Instant


@dataclass
class RejectSurvey:
    """The selected refused records that were not retried, and the number of those that were."""

    waiting: dict[RecordPosition, WaitingReject] = field(default_factory=dict)
    retried: int = 0

    def newest(self, limit: int) -> list[RecordPosition]:
        """Return the positions of the records that were refused last, newest first."""
        order = sorted(self.waiting, key=lambda at: (self.waiting[at].refused_at, at), reverse=True)
        return order[:limit]

    def counts(self) -> list[tuple[RejectGroup, int, Instant]]:
        """Return each group with its number of waiting records and the latest refusal, the largest group first."""
        counts = Counter(reject.group for reject in self.waiting.values())
        latest: dict[RejectGroup, Instant] = {}
        for group, refused_at in self.waiting.values():
            latest[group] = max(latest.get(group, 0), refused_at)
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return [(group, count, latest[group]) for group, count in ordered]


def survey(records: Iterable[KafkaRecord], selected: RejectFilter) -> RejectSurvey:
    """Return the selected refused records among `records`, the whole content of promise.rejects."""
    result, retried = RejectSurvey(), set()
    for record in records:
        position = position_in_note(record)
        if position is not None:
            retried.add(position)
        elif selected.matches(reject := read_reject(record)):
            result.waiting[reject.position] = WaitingReject(reject.group, reject.refused_at)
    for position in retried & result.waiting.keys():
        del result.waiting[position]
        result.retried += 1
    return result


def position_in_note(record: KafkaRecord) -> RecordPosition | None:
    """Return the position of the retried record if `record` is a retry note, None otherwise."""
    text = retried_position(record.headers)
    try:
        return None if text is None else parse_position(text)
    except ValueError:
        return None


def retry_note(reject: Reject) -> Headers:
    """Return the headers of the note that `reject` was retried."""
    return retry_headers(reject.position, reject.group.topic, reject.group.reason)


def read_reject(record: KafkaRecord) -> Reject:
    """Read a refused record from its record in promise.rejects. Missing headers leave their fields empty."""
    headers = read_reject_headers(record.headers)
    return Reject(
        position=record.position,
        refused_at=record.timestamp,
        group=RejectGroup(headers.topic, headers.feed, headers.reason),
        detail=headers.detail,
        adapter=headers.adapter,
        partition=_number(headers.partition),
        offset=_number(headers.offset),
        timestamp=_number(headers.timestamp),
        key=record.key,
        value=record.value,
        headers=headers.original,
        cut=headers.cut,
    )


def retry_record(reject: Reject) -> OutputRecord:
    """Return the record as it was first received: key, value, headers, timestamp and partition.

    A topic may stamp records with the time at which it appends them, so the time of the first receipt is added as the
    gateway's header. The retry header of an earlier retry is replaced.
    """
    headers = tuple((name, value) for name, value in reject.headers if name.lower() != RETRIED)
    has_received_at = any(name.lower() == RECEIVED_AT for name, _ in headers)
    added = [(RETRIED, str(reject.position).encode())]
    if reject.received_at and not has_received_at:
        added.append((RECEIVED_AT, reject.received_at.encode()))
    return OutputRecord(
        topic=reject.group.topic,
        key=reject.key,
        value=reject.value,
        headers=(*headers, *added),
        partition=reject.partition,
        timestamp=reject.timestamp,
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
