"""A changelog as Kafka keeps it: of every key the last value. A desk may be closed at any time, and opened from it."""

from __future__ import annotations

from typing import Any

from streams.book.book import Book
from streams.book.changelog import Contents
from streams.judging.feeds import NO_FEEDS, FeedsOf
from streams.judging.policy import Millis, Policies
from tests.book.desk import Desk


class Kept:
    """All last values that books have written here."""

    def __init__(self) -> None:
        self.records: dict[bytes, bytes] = {}

    def writes(self, book: Book) -> list[bytes]:
        """Take down what changed, and give its keys."""
        changes = book.changes()
        for key, value in changes:
            if value is None:
                self.records.pop(key, None)  # what came and went between two writes was never there
            else:
                self.records[key] = value
        return [key for key, _ in changes]

    def reopens(
        self, desk: Desk, policies: Policies, retention: Millis | None = None, feeds: FeedsOf = NO_FEEDS
    ) -> None:
        """The worker of that desk ends, and another takes the book over."""
        desk.book = Book.restored(policies, Contents(self.records), retention, feeds)


def all_of(book: Book) -> dict[str, Any]:
    """Everything that anybody can see of a book."""
    return {
        "clock": book.clock.now,
        "next": book.next,
        "events": book.events,
        "rejects": book.rejects,
        "duplicates": book.duplicates,
        "heard": book.heard,
        "rows": book.tally.rows,
        "copied": book.tally.copied_rows(),
        "windows": book.tally.windows.sums(),
        "cases": book.stored_cases(),
    }
