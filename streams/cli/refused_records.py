"""Refused records, as promise.rejects holds them: what came, why it was refused, and what is sent when it is retried.

Two have written them. Workers refuse records of promise.events and keep key and value; intake refuses records of feeds
and keeps their headers too, as `original.<name>`. A note says that a record was retried; it stands in promise.rejects,
in the partition of that record, and both of them came to be in one transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from schemas.instants import ImplausibleInstant, Instant, format_instant, from_datetime, to_datetime
from streams.kafka.topic_reader import parse_position
from streams.records import Headers, KafkaRecord, RecordPosition

RETRIED: Final = "promises.retried"
"""The header of a record that was sent again: where its refusal stands in promise.rejects."""

RECEIVED_AT: Final = "promises.received_at"
_ORIGINAL: Final = "original."
_NOTE: Final = "retried"


class RejectGroup(NamedTuple):
    """What refused records are counted by. feed: empty for promise.events."""

    topic: str
    feed: str
    reason: str


class Reject(NamedTuple):
    """A refused record. at: where it stands in promise.rejects. refused_at: when it was refused. partition, offset and
    timestamp: of the record when it came; None where nobody says. cut: of a record too large to be kept, its size."""

    at: RecordPosition
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
    def came(self) -> str:
        """Where the record stood when it came, such as feeds.square 3@17."""
        if self.partition is None or self.offset is None:
            return self.group.topic
        return f"{self.group.topic} {RecordPosition(self.partition, self.offset)}"

    @property
    def came_at(self) -> str:
        """When it came, as RFC 3339; empty where nobody says, or says what cannot be true."""
        try:
            return format_instant(from_datetime(to_datetime(self.timestamp or 0)))
        except (ImplausibleInstant, OverflowError):
            return ""

    @property
    def why_not(self) -> str:
        """Why it cannot be retried; empty where it can."""
        if not self.group.topic:
            return "nobody says which topic it came from"
        return f"only its beginning was kept, it had {self.cut}" if self.cut else ""


class RetryRecord(NamedTuple):
    """A record that is sent again. timestamp and partition: None lets Kafka decide."""

    topic: str
    partition: int | None
    timestamp: Instant | None
    key: bytes | None
    value: bytes | None
    headers: Headers


class RejectFilter(NamedTuple):
    """Which refused records are meant; an empty filter means all. since: refused then or later."""

    reasons: Collection[str] = ()
    feeds: Collection[str] = ()
    topics: Collection[str] = ()
    since: Instant = 0
    places: Collection[RecordPosition] = ()

    def fits(self, reject: Reject) -> bool:
        """Whether it is one of them."""
        filters = (
            (self.reasons, reject.group.reason),
            (self.feeds, reject.group.feed),
            (self.topics, reject.group.topic),
            (self.places, reject.at),
        )
        return reject.refused_at >= self.since and all(not wanted or has in wanted for wanted, has in filters)


class WaitingReject(NamedTuple):
    """A refused record that was not retried."""

    group: RejectGroup
    refused_at: Instant


@dataclass
class RejectSurvey:
    """What waits in promise.rejects, and how many of what is meant were retried."""

    waiting: dict[RecordPosition, WaitingReject] = field(default_factory=dict)
    retried: int = 0

    def newest(self, limit: int) -> list[RecordPosition]:
        """The places of those that were refused last, the last first."""
        order = sorted(self.waiting, key=lambda at: (self.waiting[at].refused_at, at), reverse=True)
        return order[:limit]

    def counts(self) -> list[tuple[RejectGroup, int, Instant]]:
        """How many wait of each group, and when the last was refused; the largest group first."""
        counts = Counter(one.group for one in self.waiting.values())
        last: dict[RejectGroup, Instant] = {}
        for one in self.waiting.values():
            last[one.group] = max(last.get(one.group, 0), one.refused_at)
        return [(group, count, last[group]) for group, count in sorted(counts.items(), key=lambda c: (-c[1], c[0]))]


def survey(records: Iterable[KafkaRecord], wanted: RejectFilter) -> RejectSurvey:
    """What of `records`, all that promise.rejects holds, is meant and waits."""
    found, retried = RejectSurvey(), set()
    for record in records:
        note = noted(record)
        if note is not None:
            retried.add(note)
        elif wanted.fits(reject := reject_of(record)):
            found.waiting[reject.at] = WaitingReject(reject.group, reject.refused_at)
    for at in retried & found.waiting.keys():
        del found.waiting[at]
        found.retried += 1
    return found


def noted(record: KafkaRecord) -> RecordPosition | None:
    """Which refused record was retried, where that is what `record` notes."""
    said = dict(record.headers).get(_NOTE)
    try:
        return None if said is None else parse_position(said.decode(errors="replace"))
    except ValueError:
        return None


def note(reject: Reject) -> Headers:
    """The headers of the note that `reject` was retried."""
    said = {_NOTE: str(reject.at), "topic": reject.group.topic, "reason": reject.group.reason}
    return tuple((name, text.encode()) for name, text in said.items())


def reject_of(record: KafkaRecord) -> Reject:
    """The refused record that `record` of promise.rejects holds; what it does not say is empty."""
    told = {name: value.decode(errors="replace") for name, value in record.headers if not name.startswith(_ORIGINAL)}
    return Reject(
        record.position,
        record.timestamp,
        RejectGroup(told.get("topic", ""), told.get("feed", ""), told.get("reason", "")),
        told.get("detail", ""),
        told.get("adapter", ""),
        _number(told.get("partition")),
        _number(told.get("offset")),
        _number(told.get("timestamp")),
        record.key,
        record.value,
        tuple(_original(record.headers)),
        told.get("cut", ""),
    )


def again(reject: Reject) -> RetryRecord:
    """The record as it came: key, value, headers, time and partition.

    A topic may stamp its records with the time at which it takes them, so when this one was first received goes with it
    as the gateway's header does. A second retry says where the last refusal stands.
    """
    headers = tuple(one for one in reject.headers if one[0].lower() != RETRIED)
    is_told = any(name.lower() == RECEIVED_AT for name, _ in headers)
    added = [(RETRIED, str(reject.at).encode())]
    if reject.came_at and not is_told:
        added.append((RECEIVED_AT, reject.came_at.encode()))
    return RetryRecord(
        reject.group.topic, reject.partition, reject.timestamp, reject.key, reject.value, (*headers, *added)
    )


def _original(headers: Headers) -> Iterator[tuple[str, bytes]]:
    for name, value in headers:
        if name.startswith(_ORIGINAL):
            yield name.removeprefix(_ORIGINAL), value


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 19 else None
