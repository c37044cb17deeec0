"""The state of one partition of a feed: its position, the counts of its records, and its watermark.

Each record is adapted by itself, so the state remembers no records. Pure, like the state of the worker.
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
"""The outcomes of a record. lost: the topic dropped it before it was read."""

AdapterFunction = Callable[[FeedRecord], AdaptedRecord | None]
"""A function that adapts a record of a feed; None for a record without a value that means nothing. Raises Refused."""

_EARLIEST: Final = parse_instant("2000-01-01T00:00:00Z")
_VERSION: Final = 1


class FeedProgress(msgspec.Struct, omit_defaults=True):
    """The stored state of one partition of a feed.

    next: the offset to read next. clock: the watermark that was last reported. last: the timestamp of the last record
    with a credible one. The other fields count records: by outcome, refused ones by reason, ignored ones by rule; and
    results: events by type, notifications by kind.
    """

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
    """This version cannot read the stored state of a feed. The message says why, and what to do."""


def progress_key(topic: str, partition: int) -> bytes:
    """Return the key under which the state of a partition is stored. The name of a topic contains no bracket."""
    return f"{topic}[{partition}]".encode()


def decode_progress(stored: bytes) -> FeedProgress:
    """Read a stored state. Raises UnknownFeedProgress."""
    try:
        progress = msgspec.json.decode(stored, type=FeedProgress)
    except msgspec.DecodeError as error:
        raise UnknownFeedProgress(f"the stored progress of a feed cannot be read: {error}") from None
    if progress.version != _VERSION:
        raise UnknownFeedProgress(
            f"the stored progress of a feed has version {progress.version}, written by a later release: run that one"
        )
    return progress


class FeedState:
    """The state of one partition of a feed's topic. progress: the stored part, for readers."""

    dirty: Final = 0
    """The state is one record, however much has changed."""

    def __init__(
        self, feed: Feed, partition: int, adapt: AdapterFunction, progress: FeedProgress | None = None
    ) -> None:
        self.feed = feed
        self.partition = partition
        self.progress = progress or FeedProgress()
        self._adapt = adapt
        self._key = progress_key(feed.topic, partition)
        self._written = self.next, self.clock

    @property
    def next(self) -> int:
        """The offset of the record to read next."""
        return self.progress.next

    @property
    def clock(self) -> Instant:
        """The watermark that was last reported; 0 before the first report."""
        return self.progress.clock

    @property
    def has_changes(self) -> bool:
        """Whether anything changed since `changes` was last called."""
        return (self.next, self.clock) != self._written

    def changes(self) -> list[tuple[bytes, bytes]]:
        """Return the one record of the state; none if nothing changed since the last call."""
        if not self.has_changes:
            return []
        self._written = self.next, self.clock
        return [(self._key, msgspec.json.encode(self.progress))]

    def fit_topic(self, begin: int, end: int) -> int:
        """Move the position into the offsets that the topic holds, and return the number of records it dropped unread.

        A topic that ends before the position was deleted and created again: it is read from its beginning.
        """
        lost = max(0, begin - self.next) if self.next else 0
        if lost:
            _count(self.progress.records, "lost", lost)
        if not begin <= self.next <= end:
            self.progress.next = begin
        return lost

    def apply(self, record: ConsumedRecord, wall_clock: Instant) -> AdaptedRecord | Refused:
        """Adapt and count the next record. A timestamp after the wall clock is not credible.

        Raises SchemaUnavailable if the record cannot be read for now; then the whole feed has to wait.
        """
        progress = self.progress
        progress.next = record.offset + 1
        if is_credible(record.timestamp, wall_clock):
            progress.last = record.timestamp
        try:
            adapted = self._adapted(record)
        except Refused as refused:
            _count(progress.records, "refused")
            _count(progress.rejects, refused.reason)
            return refused
        self._count(adapted)
        return adapted

    def advance(self, quiet_until: Instant | None, wall_clock: Instant) -> Clock | None:
        """Return a clock record if the watermark has advanced since the last one.

        quiet_until: the instant up to which everything that arrived has been read; None if there are unread records.
        """
        watermark = min(self._watermark(quiet_until), wall_clock)
        if watermark <= self.clock or watermark < _EARLIEST:
            return None
        self.progress.clock = watermark
        return Clock(source=self.feed.name, partition=self.partition, at=to_datetime(watermark))

    def _watermark(self, quiet_until: Instant | None) -> Instant:
        if quiet_until is None:
            return self.progress.last - 1  # more records of the same instant may follow
        return quiet_until if self.feed.silence == "trusted" else self.progress.last

    def _adapted(self, record: ConsumedRecord) -> AdaptedRecord:
        try:
            adapted = self._adapt(_feed_record(record, self.feed.topic))
        except (Refused, SchemaUnavailable):
            raise
        except Exception as error:
            # A record on which an adapter fails must not stop all feeds. It is rejected, and can be resent later.
            raise Refused("bad_value", f"adapter {self.feed.adapter} failed: {error!r}") from error
        if adapted is None:
            return AdaptedRecord(ignored="tombstone")
        events = tuple(event for event in adapted.events if not isinstance(event, Clock))
        if len(events) == len(adapted.events):
            return adapted
        # A clock record in the feed speaks for the whole topic, not for this partition of it.
        return AdaptedRecord(
            events=events,
            rules=adapted.rules,
            ignored=adapted.ignored or ("" if events else "clock"),
            thin=adapted.thin,
        )

    def _count(self, adapted: AdaptedRecord) -> None:
        progress = self.progress
        _count(progress.records, _outcome(adapted))
        for event in adapted.events:
            _count(progress.events, TAGS[type(event)])
        for notification in adapted.thin:
            _count(progress.needs_fetch, notification.kind)
        if not adapted.events and not adapted.thin:
            _count(progress.ignored, adapted.ignored or "none")


def is_credible(timestamp: Instant, wall_clock: Instant) -> bool:
    """Return whether the timestamp is plausible: not before 2000 and not later than the wall clock."""
    return _EARLIEST <= timestamp <= wall_clock


def _count(counts: dict[str, int], name: str, number: int = 1) -> None:
    counts[name] = counts.get(name, 0) + number


def _outcome(adapted: AdaptedRecord) -> Outcome:
    if adapted.events:
        return "adapted"
    return "needs_fetch" if adapted.thin else "ignored"


def _feed_record(record: ConsumedRecord, topic: str) -> FeedRecord:
    # Positional: it is made for every record, and keywords cost more.
    return FeedRecord(record.value, record.key, decode_headers(record.headers), topic, record.timestamp)
