"""The feeds of one partition: what was heard of each, and which cases wait for it.

A deadline of a case whose location has a feed passes twice: by the clock of the partition, and by what was heard of
the feed. Between the two the case waits here. While it does, time can still do three things to it: a fact of it that
lay ahead comes true, its feed becomes stale, or is abandoned; the first of these is its turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from schemas.instants import NEVER, Instant
from streams.judging.case import Case
from streams.judging.locations import FeedLookup, LocationFeed
from streams.judging.settle import next_deadline
from streams.state.changelog import StoredFeedWatermark
from streams.state.timers import Timers


class Watermark:
    """Only moves forward. Who feeds it decides what it follows: the records read, or, once caught up, the wall."""

    def __init__(self) -> None:
        self.now: Instant = 0

    def advance(self, to: Instant, wall: Instant) -> Instant:
        """Move to `to`, unless that is back, or later than the wall clock (`wall`): no record can know the future."""
        if self.now < to <= wall:
            self.now = to
        return self.now


class FeedWatermark:
    """A feed with the limits that its locations set. Locations that set others share what was heard of it."""

    def __init__(self, stored: StoredFeedWatermark, limits: LocationFeed, waiting: Timers) -> None:
        self.stored = stored
        self.waiting = waiting
        """The cases that wait, by the instant up to which the feed must be heard of so that they change."""
        self._silent_after = limits.silent_after
        self._abandoned_after = limits.abandoned_after

    def complete_until(self, now: Instant) -> Instant:
        """Up to when it is known, at `now`, what happened there."""
        return now if now >= self._abandoned_at else min(now, self.stored.watermark)

    def stale_until(self, now: Instant) -> Instant:
        """Up to when a deadline that is not known to have passed makes a promise unconfirmed."""
        return now if self.is_stale(now) else 0

    def is_stale(self, now: Instant) -> bool:
        """Whether it has been silent for too long."""
        return now >= self._stale_at

    def due_at(self, case: Case) -> Instant:
        """When time changes `case`, which waits, though nothing more is heard."""
        return min(case.next_fact_at, self._abandoned_at, max(self._stale_at, next_deadline(case)))

    @property
    def _stale_at(self) -> Instant:
        return self.stored.last_progress + self._silent_after + 1

    @property
    def _abandoned_at(self) -> Instant:
        return self.stored.last_progress + self._abandoned_after + 1


class WaitingCase(NamedTuple):
    """A case that waits: for which feed, up to when that must be heard of, and when it is the case's turn anyway."""

    feed: FeedWatermark
    until: Instant
    due_at: Instant


class FeedWatermarks:
    """All feeds that were declared, and the cases that wait for them. Of others nothing is remembered."""

    def __init__(self, declared: FeedLookup, due_at: Callable[[str], Instant]) -> None:
        """wakes: when a case that waits for no feed changes by itself."""
        self.stored = {limits.feed: StoredFeedWatermark() for limits in declared.values()}
        self._due_at = due_at
        self._waiting: dict[str, WaitingCase] = {}
        feeds = {limits: self._feed(limits) for limits in dict.fromkeys(declared.values())}
        self._by_location = {location: feeds[limits] for location, limits in declared.items()}
        self._by_name: dict[str, list[FeedWatermark]] = {name: [] for name in self.stored}
        for limits, feed in feeds.items():
            self._by_name[limits.feed].append(feed)

    def _feed(self, limits: LocationFeed) -> FeedWatermark:
        return FeedWatermark(self.stored[limits.feed], limits, Timers(self._waits_until))

    def _waits_until(self, name: str) -> Instant:
        wait = self._waiting.get(name)
        return NEVER if wait is None else wait.until

    def restore(self, stored: Mapping[str, StoredFeedWatermark], clock: Instant) -> None:
        """Go on from what was heard when the clock was at `clock`; of what is new nothing was, and it is awaited."""
        for name, feed in self.stored.items():
            before = stored.get(name) or StoredFeedWatermark(clock)
            feed.awaited_since, feed.partitions = before.awaited_since, before.partitions

    def complete_until(self, case: Case, now: Instant) -> Instant:
        """Up to when it is known, at `now`, what happened to `case`."""
        feed = self._feed_of(case)
        if feed is None:
            return now
        if not feed.stored.awaited_since:
            feed.stored.awaited_since = now
        return feed.complete_until(now)

    def stale_until(self, case: Case, now: Instant) -> Instant:
        """Up to when a deadline of `case` that is not known to have passed makes a promise unconfirmed."""
        feed = self._feed_of(case)
        return 0 if feed is None else feed.stale_until(now)

    def _feed_of(self, case: Case) -> FeedWatermark | None:
        return self._by_location.get(case.state.attributes.location)

    def due_at(self, name: str) -> Instant:
        """When the case changes by itself, or may though it waits."""
        wait = self._waiting.get(name)
        return self._due_at(name) if wait is None else wait.due_at

    def wait(self, name: str, case: Case) -> Instant:
        """Have `case`, of which not enough is known, wait for its feed, and say when it is its turn anyway."""
        feed, before = self._feed_of(case), self._waiting.get(name)
        assert feed is not None
        if before is None or before.feed is not feed or before.until != case.wake_at:
            feed.waiting.set(name, case.wake_at)
        due_at = feed.due_at(case)
        self._waiting[name] = WaitingCase(feed, case.wake_at, due_at)
        return due_at

    def release(self, name: str) -> None:
        """That case waits no longer."""
        self._waiting.pop(name, None)

    def advance(self, source: str, partition: int, at: Instant, now: Instant) -> Iterator[str]:
        """`partition` of that source has been read up to `at`. Gives the cases to be judged again at `now`, those whose
        deadlines it passed in their order."""
        feeds = self._by_name.get(source)
        if feeds is None:
            return
        stored = self.stored[source]
        before, was_stale = stored.watermark, [feed.is_stale(now) for feed in feeds]
        stored.advance(partition, at)
        for feed, stale in zip(feeds, was_stale, strict=True):
            yield from self._released_by(feed, now)
            if stored.watermark < before or (stale and not feed.is_stale(now)):
                yield from self._cases_waiting_for(feed)

    def _released_by(self, feed: FeedWatermark, now: Instant) -> Iterator[str]:
        for until, name in feed.waiting.pop_due(feed.complete_until(now)):
            if self._waits_until(name) == until:
                yield name

    def _cases_waiting_for(self, feed: FeedWatermark) -> Iterable[str]:
        return sorted(name for name, wait in self._waiting.items() if wait.feed is feed)
