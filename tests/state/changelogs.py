"""A compacted changelog: the last value of every key. A partition can be restored from it at any time."""

from __future__ import annotations

from typing import Any

from schemas.instants import Instant, Millis
from streams.judging.locations import NO_FEEDS, FeedLookup
from streams.judging.policy import Policies
from streams.records import KafkaRecord
from streams.state.changelog import Contents
from streams.state.partition import PartitionState
from tests.state.partitions import FOREVER, Partition


class StoredChangelog:
    """The last values that partitions have written."""

    def __init__(self) -> None:
        self.records: dict[bytes, bytes] = {}

    def write(self, state: PartitionState) -> list[bytes]:
        """Store the changes of a partition and return their keys."""
        changes = state.changes()
        for key, value in changes:
            if value is None:
                self.records.pop(key, None)  # what came and went between two writes was never there
            else:
                self.records[key] = value
        return [key for key, _ in changes]

    def restore(
        self, partition: Partition, policies: Policies, retention: Millis | None = None, feeds: FeedLookup = NO_FEEDS
    ) -> None:
        """Restore the state of `partition` from this changelog, as another worker does."""
        partition.state = PartitionState.restored(policies, Contents(self.records), retention, feeds)


class Twins:
    """Two partitions that read the same records. Now and then `restored` is restored from its changelog."""

    def __init__(self, policies: Policies, retention: Millis | None, feeds: FeedLookup = NO_FEEDS) -> None:
        self.continued, self.restored = Partition(policies, retention, feeds), Partition(policies, retention, feeds)
        self._settings = policies, retention, feeds
        self._changelog = StoredChangelog()
        self._next = 0

    def read(self, record: KafkaRecord, cut: str) -> None:
        """Apply a record to both. Write `restored` unless `cut` is "on"; restore it when `cut` is "reopen"."""
        self._next += 1
        for partition in (self.continued, self.restored):
            partition.apply(record)
            partition.state.next = self._next
        if cut != "on":
            self._changelog.write(self.restored.state)
        if cut == "reopen":
            self._changelog.restore(self.restored, *self._settings)
            assert contents_of(self.restored.state) == contents_of(self.continued.state)

    def assert_equal(self, at: Instant) -> None:
        """Advance both to `at` and assert that their effects and states are equal."""
        for partition in (self.continued, self.restored):
            partition.effects += partition.state.advance(at, FOREVER)
        assert self.restored.comparable_effects == self.continued.comparable_effects
        assert contents_of(self.restored.state) == contents_of(self.continued.state)


def contents_of(state: PartitionState) -> dict[str, Any]:
    """Return everything that is public in the state of a partition."""
    return {
        "clock": state.watermark.now,
        "next": state.next,
        "counters": state.counters,
        "feed_watermarks": state.feed_watermarks,
        "rows": state.counts.rows,
        "copied": state.counts.copied_rows(),
        "windows": state.counts.windows.sums(),
        "cases": state.stored_cases(),
    }
