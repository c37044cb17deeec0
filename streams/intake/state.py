"""The book of one partition of a feed: how far it is read, what became of its records, and how far its clock may go.

A record alone decides what becomes of it, so nothing is remembered of any. Pure, like the books of the tracker.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, get_args

import msgspec

from schemas.events import TAGS, Clock
from schemas.instants import Instant, parse_instant, to_datetime
from schemas.reading import Refused
from streams.adapters.envelopes import SchemaUnavailable
from streams.adapters.feed_records import AdaptedRecord, FeedRecord, decode_headers
from streams.config.feeds import Feed
from streams.errors import FatalError
from streams.records import ConsumedRecord

Outcome = Literal["adapted", "ignored", "needs_fetch", "refused", "lost"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
"""What became of a record. lost: the topic dropped it before it was read."""

AdapterFunction = Callable[[FeedRecord], AdaptedRecord | None]
"""What a record of a feed becomes; None for one without a value that says nothing. Raises Refused."""

_EARLIEST: Final = parse_instant("2000-01-01T00:00:00Z")
_VERSION: Final = 1


class FeedProgress(msgspec.Struct, omit_defaults=True):
    """What is stored of a book. next: the offset to read next. clock: up to when the partition was said to be read.
    last: the timestamp of the last record that had a credible one. The rest counts records: by outcome, refused ones by
    reason, ignored ones by rule; and what came of them: events by type, notifications by kind."""

    version: int = _VERSION
    next: int = 0
    clock: Instant = 0
    last: Instant = 0
    records: dict[str, int] = {}
    events: dict[str, int] = {}
    rejects: dict[str, int] = {}
    ignored: dict[str, int] = {}
    needs_fetch: dict[str, int] = {}


class UnknownFeedProgress(FatalError):
    """What is stored of a book cannot be read by this version; the message says where and what to do."""


def key_of(topic: str, partition: int) -> bytes:
    """Under which the standing of a feed's partition is stored; a topic has no bracket in its name."""
    return f"{topic}[{partition}]".encode()


def standing(stored: bytes) -> FeedProgress:
    """What is stored of a book. Raises UnknownFeedProgress."""
    try:
        found = msgspec.json.decode(stored, type=FeedProgress)
    except msgspec.DecodeError as error:
        raise UnknownFeedProgress(f"how far a feed is read cannot be understood: {error}") from None
    if found.version != _VERSION:
        raise UnknownFeedProgress(
            f"how far a feed is read was written by a later version ({found.version}): run that one"
        )
    return found


class FeedState:
    """The state of one partition of a feed's topic. counts: what is stored of it, for a reader."""

    dirty: Final = 0
    """It is one record, however much has changed."""

    def __init__(self, feed: Feed, partition: int, adapts: AdapterFunction, counts: FeedProgress | None = None) -> None:
        self.feed = feed
        self.partition = partition
        self.counts = counts or FeedProgress()
        self._adapts = adapts
        self._key = key_of(feed.topic, partition)
        self._written = self.next, self.clock

    @property
    def next(self) -> int:
        """The offset of the record to read next."""
        return self.counts.next

    @property
    def clock(self) -> Instant:
        """Up to when this partition was said to be read; 0 while nothing was said."""
        return self.counts.clock

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to write."""
        return (self.next, self.clock) != self._written

    def changes(self) -> list[tuple[bytes, bytes]]:
        """The one record of all that is stored; none if nothing changed since this was last asked."""
        if not self.has_changes:
            return []
        self._written = self.next, self.clock
        return [(self._key, msgspec.json.encode(self.counts))]

    def fit(self, begin: int, end: int) -> int:
        """The topic holds offsets from `begin` on and goes to `end`. Gives how many records it dropped unread.

        A topic that ends before what was read is another one by the same name: it is read from its beginning.
        """
        lost = max(0, begin - self.next) if self.next else 0
        if lost:
            _count(self.counts.records, "lost", lost)
        if not begin <= self.next <= end:
            self.counts.next = begin
        return lost

    def take(self, record: ConsumedRecord, wall: Instant) -> AdaptedRecord | Refused:
        """What becomes of the next record. `wall`: the wall clock; what is later than that no record can know.

        Raises SchemaUnavailable where it cannot be read for now: then nothing of this feed goes on.
        """
        counts = self.counts
        counts.next = record.offset + 1
        if is_credible(record.timestamp, wall):
            counts.last = record.timestamp
        try:
            adapted = self._adapted(record)
        except Refused as refused:
            _count(counts.records, "refused")
            _count(counts.rejects, refused.reason)
            return refused
        self._count(adapted)
        return adapted

    def move(self, quiet_until: Instant | None, wall: Instant) -> Clock | None:
        """Up to when this partition is read, if that is more than was said.

        quiet_until: the instant by which nothing more had come than was read; None: more has come than was read.
        """
        at = min(self._read_upto(quiet_until), wall)
        if at <= self.clock or at < _EARLIEST:
            return None
        self.counts.clock = at
        return Clock(source=self.feed.name, partition=self.partition, at=to_datetime(at))

    def _read_upto(self, quiet_until: Instant | None) -> Instant:
        if quiet_until is None:
            return self.counts.last - 1  # more records of the same instant may follow
        return quiet_until if self.feed.silence == "trusted" else self.counts.last

    def _adapted(self, record: ConsumedRecord) -> AdaptedRecord:
        try:
            adapted = self._adapts(_delivered(record, self.feed.topic))
        except (Refused, SchemaUnavailable):
            raise
        except Exception as error:
            # One record that an adapter stumbles over must not stop all feeds: it is kept, and sent again when mended.
            raise Refused("bad_value", f"adapter {self.feed.adapter} failed: {error!r}") from error
        if adapted is None:
            return AdaptedRecord(ignored="tombstone")
        events = tuple(event for event in adapted.events if not isinstance(event, Clock))
        if len(events) == len(adapted.events):
            return adapted
        # What somebody read of a source before this topic holds for the topic, not for this partition of it.
        return AdaptedRecord(events, adapted.rules, adapted.ignored or ("" if events else "clock"), adapted.thin)

    def _count(self, adapted: AdaptedRecord) -> None:
        counts = self.counts
        _count(counts.records, _outcome(adapted))
        for event in adapted.events:
            _count(counts.events, TAGS[type(event)])
        for thin in adapted.thin:
            _count(counts.needs_fetch, thin.kind)
        if not adapted.events and not adapted.thin:
            _count(counts.ignored, adapted.ignored or "none")


def is_credible(timestamp: Instant, wall: Instant) -> bool:
    """Whether a record can have that timestamp: a device may have the year 1970, or be ahead of everybody."""
    return _EARLIEST <= timestamp <= wall


def _count(counts: dict[str, int], name: str, number: int = 1) -> None:
    counts[name] = counts.get(name, 0) + number


def _outcome(adapted: AdaptedRecord) -> Outcome:
    if adapted.events:
        return "adapted"
    return "needs_fetch" if adapted.thin else "ignored"


def _delivered(record: ConsumedRecord, topic: str) -> FeedRecord:
    return FeedRecord(record.value, record.key, decode_headers(record.headers), topic, record.timestamp)
