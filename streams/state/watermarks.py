"""Watermarks: that of a partition, and those of its feeds, with the cases that wait for them.

If a location has a feed, a deadline there has passed once both the watermark of the partition and that of the feed are
beyond it. Between the two, the case waits for the feed. A timer is set for the first of three things that can happen to
a waiting case: a fact in its history becomes due, its feed becomes stale, or its feed is abandoned.
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
    """The watermark of a partition. It only moves forward, with the records read or, once caught up, the wall clock."""

    def __init__(self) -> None:
        self.now: Instant = 0

    def advance(self, to: Instant, wall: Instant) -> Instant:
        """Advance to `to` and return the watermark.

        It stays as it is if `to` is earlier, or later than the wall clock (`wall`), because such a timestamp is wrong.
        """
        if self.now < to <= wall:
            self.now = to
        return self.now


class FeedWatermark:
    """A feed with the limits of its locations. Locations with other limits share `stored`, but wait by themselves."""

    def __init__(self, stored: StoredFeedWatermark, limits: LocationFeed, waiting: Timers) -> None:
        self.stored = stored
        self.waiting = waiting
        """The waiting cases, by the watermark of the feed at which their judgement changes."""
        self._silent_after = limits.silent_after
        self._abandoned_after = limits.abandoned_after

    def complete_until(self, now: Instant) -> Instant:
        """Return the watermark that counts at `now`: that of the feed, or `now` once it is abandoned."""
        return now if now >= self._abandoned_at else min(now, self.stored.watermark)

    def stale_until(self, now: Instant) -> Instant:
        """Return `now` if the feed is stale, else 0: the `stale_until` of `settle`."""
        return now if self.is_stale(now) else 0

    def is_stale(self, now: Instant) -> bool:
        """Return whether the feed has been silent for longer than its limit."""
        return now >= self._stale_at

    def due_at(self, case: Case) -> Instant:
        """Return when `case`, which waits for this feed, changes even if the feed stays silent."""
        return min(case.next_fact_at, self._abandoned_at, max(self._stale_at, next_deadline(case)))

    @property
    def _stale_at(self) -> Instant:
        return self.stored.last_progress + self._silent_after + 1

    @property
    def _abandoned_at(self) -> Instant:
        return self.stored.last_progress + self._abandoned_after + 1


class WaitingCase(NamedTuple):
    """A case that waits for a feed. until: the watermark of the feed that it waits for. due_at: its timer."""

    feed: FeedWatermark
    until: Instant
    due_at: Instant


class FeedWatermarks:
    """All declared feeds, and the cases that wait for them. Clock records of other feeds are ignored."""

    def __init__(self, declared: FeedLookup, due_at: Callable[[str], Instant]) -> None:
        """Create feeds without a watermark. due_at: returns the timer of a case that does not wait."""
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
        """Restore the watermarks that were stored when the watermark of the partition was `clock`.

        A feed that is new has no watermark, and has been awaited since `clock`.
        """
        for name, feed in self.stored.items():
            before = stored.get(name) or StoredFeedWatermark(clock)
            feed.awaited_since, feed.partitions = before.awaited_since, before.partitions

    def complete_until(self, case: Case, now: Instant) -> Instant:
        """Return the watermark that counts for `case` at `now`: the `complete_until` of `settle`."""
        feed = self._feed_of(case)
        if feed is None:
            return now
        if not feed.stored.awaited_since:
            feed.stored.awaited_since = now
        return feed.complete_until(now)

    def stale_until(self, case: Case, now: Instant) -> Instant:
        """Return the `stale_until` of `settle` for `case`."""
        feed = self._feed_of(case)
        return 0 if feed is None else feed.stale_until(now)

    def _feed_of(self, case: Case) -> FeedWatermark | None:
        return self._by_location.get(case.state.attributes.location)

    def due_at(self, name: str) -> Instant:
        """Return the timer of a case, whether it waits or not."""
        wait = self._waiting.get(name)
        return self._due_at(name) if wait is None else wait.due_at

    def wait(self, name: str, case: Case) -> Instant:
        """Let `case` wait for its feed, and return its timer."""
        feed, before = self._feed_of(case), self._waiting.get(name)
        assert feed is not None
        if before is None or before.feed is not feed or before.until != case.wake_at:
            feed.waiting.set(name, case.wake_at)
        due_at = feed.due_at(case)
        self._waiting[name] = WaitingCase(feed, case.wake_at, due_at)
        return due_at

    def release(self, name: str) -> None:
        """Let a case no longer wait."""
        self._waiting.pop(name, None)

    def advance(self, source: str, partition: int, at: Instant, now: Instant) -> Iterator[str]:
        """Advance the watermark of that partition of the source to `at`. The minimum over the source may still go back.

        Yields the cases to judge again at `now`: first those whose deadlines it passed, in order; then, if the feed is
        no longer stale or its watermark went back, all that wait for it.
        """
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
