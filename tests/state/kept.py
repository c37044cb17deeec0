"""A changelog as Kafka keeps it: of every key the last value. A desk may be closed at any time, and opened from it."""

from __future__ import annotations

from typing import Any

from schemas.instants import Instant, Millis
from streams.judging.locations import NO_FEEDS, FeedLookup
from streams.judging.policy import Policies
from streams.records import KafkaRecord
from streams.state.changelog import Contents
from streams.state.partition import PartitionState
from tests.state.desk import FOREVER, Desk


class Kept:
    """All last values that books have written here."""

    def __init__(self) -> None:
        self.records: dict[bytes, bytes] = {}

    def writes(self, book: PartitionState) -> list[bytes]:
        """Take down what changed, and give its keys."""
        changes = book.changes()
        for key, value in changes:
            if value is None:
                self.records.pop(key, None)  # what came and went between two writes was never there
            else:
                self.records[key] = value
        return [key for key, _ in changes]

    def reopens(
        self, desk: Desk, policies: Policies, retention: Millis | None = None, feeds: FeedLookup = NO_FEEDS
    ) -> None:
        """The worker of that desk ends, and another takes the book over."""
        desk.book = PartitionState.restored(policies, Contents(self.records), retention, feeds)


class Twins:
    """Two desks that read the same. `away` is written down now and then and opened again; `stayed` never is."""

    def __init__(self, policies: Policies, retention: Millis | None, feeds: FeedLookup = NO_FEEDS) -> None:
        self.stayed, self.away = Desk(policies, retention, feeds), Desk(policies, retention, feeds)
        self._settings = policies, retention, feeds
        self._kept = Kept()
        self._next = 0

    def read(self, record: KafkaRecord, cut: str) -> None:
        """Both read one record more; then, unless `cut` is "on", `away` is written, and for "reopen" opened again."""
        self._next += 1
        for desk in (self.stayed, self.away):
            desk.reads(record)
            desk.book.next = self._next
        if cut != "on":
            self._kept.writes(self.away.book)
        if cut == "reopen":
            self._kept.reopens(self.away, *self._settings)
            assert all_of(self.away.book) == all_of(self.stayed.book)

    def are_alike(self, at: Instant) -> None:
        """At that time both have said the same, and are the same."""
        for desk in (self.stayed, self.away):
            desk.said += desk.book.move(at, FOREVER)
        assert self.away.heard == self.stayed.heard
        assert all_of(self.away.book) == all_of(self.stayed.book)


def all_of(book: PartitionState) -> dict[str, Any]:
    """Everything that anybody can see of a book."""
    return {
        "clock": book.clock.now,
        "next": book.next,
        "events": book.counters.events,
        "rejects": book.counters.rejects,
        "duplicates": book.counters.duplicates,
        "heard": book.heard,
        "rows": book.tally.rows,
        "copied": book.tally.copied_rows(),
        "windows": book.tally.windows.sums(),
        "cases": book.stored_cases(),
    }
