"""Faults in what is known of feeds, for `python -m tests.mutants` to plant."""

from __future__ import annotations

from typing import Final

from tests.mutants.planting import Mutant

FEED_FAULTS: Final = (
    Mutant(
        "a feed: a promise is at risk by the clock alone",
        "streams.judging.settle:_undelivered",
        "complete_until >= window.due - policy.at_risk",
        "True",
    ),
    Mutant(
        "a feed: a promise is unconfirmed before its grace is over",
        "streams.judging.settle:_undelivered",
        "stale_until > limit",
        "stale_until > window.due",
        which=2,
    ),
    Mutant(
        "a feed: a promise is unconfirmed a millisecond early",
        "streams.judging.settle:_undelivered",
        "stale_until > limit",
        "stale_until >= limit",
        which=2,
    ),
    Mutant(
        "a feed: what was known is unknown again",
        "streams.judging.settle:_still_undelivered",
        "before.code == _UNDELIVERED",
        "False",
    ),
    Mutant(
        "a feed: a new due stays broken like the old one",
        "streams.judging.settle:_still_undelivered",
        "before.due == outcome.due",
        "True",
    ),
    Mutant(
        "a feed: a delivery that comes late stays unseen",
        "streams.judging.settle:_still_undelivered",
        "outcome.code in OPEN_CODES",
        "True",
    ),
    Mutant(
        "a feed: an unconfirmed promise is never at risk",
        "streams.judging.settle:next_change_at",
        "code == _UNCONFIRMED and complete_until < outcome.due - policy.at_risk",
        "False",
    ),
    Mutant(
        "a feed: a promise at risk never lapses",
        "streams.judging.settle:next_deadline",
        "outcome.code in (_PENDING, _AT_RISK)",
        "outcome.code == _PENDING",
    ),
    Mutant(
        "a feed: only the original due lapses",
        "streams.judging.settle:next_deadline",
        "(judged.original, judged.current)",
        "(judged.original,)",
    ),
    Mutant(
        "a feed: what is known is ahead of the clock",
        "streams.judging.settle:settle",
        "if complete_until > now:\n    complete_until = now",
        "",
    ),
    Mutant(
        "a feed: all of it is known by the clock",
        "streams.state.watermarks:FeedWatermark.complete_until",
        "min(now, self.stored.watermark)",
        "now",
    ),
    Mutant(
        "a feed: it is abandoned a millisecond early",
        "streams.state.watermarks:FeedWatermark._abandoned_at",
        "self.stored.last_progress + self._abandoned_after + 1",
        "self.stored.last_progress + self._abandoned_after",
    ),
    Mutant(
        "a feed: it is never abandoned",
        "streams.state.watermarks:FeedWatermark._abandoned_at",
        "self.stored.last_progress + self._abandoned_after + 1",
        "NEVER",
    ),
    Mutant(
        "a feed: it is stale a millisecond early",
        "streams.state.watermarks:FeedWatermark._stale_at",
        "self.stored.last_progress + self._silent_after + 1",
        "self.stored.last_progress + self._silent_after",
    ),
    Mutant(
        "a feed: it is never stale",
        "streams.state.watermarks:FeedWatermark._stale_at",
        "self.stored.last_progress + self._silent_after + 1",
        "NEVER",
    ),
    Mutant(
        "a feed: its cases do not see it become stale",
        "streams.state.watermarks:FeedWatermark.due_at",
        "max(self._stale_at, next_deadline(case))",
        "NEVER",
    ),
    Mutant(
        "a feed: its cases do not see it abandoned",
        "streams.state.watermarks:FeedWatermark.due_at",
        "min(case.next_fact_at, self._abandoned_at, max(self._stale_at, next_deadline(case)))",
        "min(case.next_fact_at, max(self._stale_at, next_deadline(case)))",
    ),
    Mutant(
        "a feed: its cases do not see what lies ahead",
        "streams.state.watermarks:FeedWatermark.due_at",
        "min(case.next_fact_at, self._abandoned_at, max(self._stale_at, next_deadline(case)))",
        "min(self._abandoned_at, max(self._stale_at, next_deadline(case)))",
    ),
    Mutant(
        "a feed: it is abandoned before it was awaited",
        "streams.state.watermarks:FeedWatermarks.complete_until",
        "if not feed.stored.awaited_since:\n    feed.stored.awaited_since = now",
        "",
    ),
    Mutant(
        "a feed: what waits longer than before is not looked at",
        "streams.state.watermarks:FeedWatermarks.wait",
        "before.until != case.wake_at",
        "False",
    ),
    Mutant(
        "a feed: who waits for another feed now is not looked at",
        "streams.state.watermarks:FeedWatermarks.wait",
        "before.feed is not feed",
        "False",
    ),
    Mutant(
        "a feed: when it is no longer stale, its waiting cases are not judged again",
        "streams.state.watermarks:FeedWatermarks.advance",
        "stale and (not feed.is_stale(now))",
        "False",
    ),
    Mutant(
        "a feed: a slower partition changes nothing yet",
        "streams.state.watermarks:FeedWatermarks.advance",
        "stored.watermark < before",
        "False",
    ),
    Mutant(
        "a restart loses the watermarks of feeds",
        "streams.state.watermarks:FeedWatermarks.restore",
        "stored.get(name)",
        "False",
    ),
    Mutant(
        "a feed: declared later, it was never awaited",
        "streams.state.watermarks:FeedWatermarks.restore",
        "StoredFeedWatermark(clock)",
        "StoredFeedWatermark(1)",
    ),
    Mutant(
        "a feed: one feed speaks for all",
        "streams.state.watermarks:FeedWatermarks._feed",
        "self.stored[limits.feed]",
        "[*self.stored.values()][0]",
    ),
    Mutant(
        "a feed: the fastest partition speaks for all",
        "streams.state.changelog:StoredFeedWatermark.watermark",
        "min(self.partitions.values(), default=0)",
        "max(self.partitions.values(), default=0)",
    ),
    Mutant(
        "a feed: the last word counts, not the furthest",
        "streams.state.changelog:StoredFeedWatermark.advance",
        "max(at, self.partitions.get(partition, 0))",
        "at",
    ),
    Mutant(
        "a feed: one partition speaks for another",
        "streams.state.changelog:StoredFeedWatermark.advance",
        "self.partitions[partition] = max(at, self.partitions.get(partition, 0))",
        "self.partitions[0] = max(at, self.partitions.get(0, 0))",
    ),
    Mutant(
        "a feed: it is patient from its last word only",
        "streams.state.changelog:StoredFeedWatermark.last_progress",
        "max(self.watermark, self.awaited_since)",
        "self.watermark",
    ),
    Mutant(
        "a feed: a source may have read the future",
        "streams.state.partition:PartitionState._apply_clock",
        "min(at, wall)",
        "at",
    ),
    Mutant(
        "a feed: its word moves the clock alone",
        "streams.state.partition:PartitionState._apply_clock",
        "effects += self._fire_timer(name, now)",
        "",
    ),
    Mutant(
        "a feed: several deadlines are judged as one",
        "streams.state.partition:PartitionState._fire_timer",
        "self._settle(name, case, now, until)",
        "self._settle(name, case, now, complete_until)",
    ),
    Mutant(
        "a feed: whose deadlines are known waits on",
        "streams.state.partition:PartitionState._fire_timer",
        "if self._feeds is not None:\n    self._feeds.release(name)",
        "",
    ),
    Mutant(
        "a feed: who closes waits on", "streams.state.partition:PartitionState._judge", "self._feeds.release(name)", ""
    ),
    Mutant(
        "a feed: what waited before a restart is judged back then",
        "streams.state.partition:PartitionState._fire_timers",
        "at > clock",
        "at",
    ),
    Mutant(
        "a feed: the shop that lies ahead is not the one that is asked",
        "streams.state.partition:PartitionState._fire_timer",
        "add_due_facts(case, self._policies, now)",
        "",
    ),
    Mutant(
        "a feed: what only waits is written again",
        "streams.state.partition:PartitionState._store",
        "stored != before",
        "True",
    ),
    Mutant(
        "a feed: a restart forgets how long it was awaited",
        "streams.state.partition:PartitionState._restore",
        "self._feeds.restore(head.feeds, head.clock)",
        "self._feeds.restore({}, head.clock)",
    ),
)
