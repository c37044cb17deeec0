"""Faults in what is known of feeds, for `python -m tests.mutants` to plant."""

from __future__ import annotations

from typing import Final

from tests.mutants.planting import Mutant

FEED_FAULTS: Final = (
    Mutant(
        "a feed: a promise is at risk by the clock alone",
        "streams.judging.settle:_awaited",
        "known >= window.due - policy.at_risk",
        "True",
    ),
    Mutant(
        "a feed: a promise is unconfirmed before its grace is over",
        "streams.judging.settle:_awaited",
        "lapsed > limit",
        "lapsed > window.due",
        which=2,
    ),
    Mutant(
        "a feed: a promise is unconfirmed a millisecond early",
        "streams.judging.settle:_awaited",
        "lapsed > limit",
        "lapsed >= limit",
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
        "streams.judging.settle:next_change",
        "code == _UNCONFIRMED and known < outcome.due - policy.at_risk",
        "False",
    ),
    Mutant(
        "a feed: a promise at risk never lapses",
        "streams.judging.settle:lapses_at",
        "outcome.code in (_PENDING, _AT_RISK)",
        "outcome.code == _PENDING",
    ),
    Mutant(
        "a feed: only the original due lapses",
        "streams.judging.settle:lapses_at",
        "(judged.original, judged.current)",
        "(judged.original,)",
    ),
    Mutant(
        "a feed: what is known is ahead of the clock",
        "streams.judging.settle:settle",
        "if known > now:\n    known = now",
        "",
    ),
    Mutant(
        "a feed: all of it is known by the clock",
        "streams.state.watermarks:FeedWatermark.known",
        "min(now, self.heard.upto)",
        "now",
    ),
    Mutant(
        "a feed: it is abandoned a millisecond early",
        "streams.state.watermarks:FeedWatermark._abandoned_at",
        "self.heard.since + self._abandoned_after + 1",
        "self.heard.since + self._abandoned_after",
    ),
    Mutant(
        "a feed: it is never abandoned",
        "streams.state.watermarks:FeedWatermark._abandoned_at",
        "self.heard.since + self._abandoned_after + 1",
        "NEVER",
    ),
    Mutant(
        "a feed: it is stale a millisecond early",
        "streams.state.watermarks:FeedWatermark._stale_at",
        "self.heard.since + self._silent_after + 1",
        "self.heard.since + self._silent_after",
    ),
    Mutant(
        "a feed: it is never stale",
        "streams.state.watermarks:FeedWatermark._stale_at",
        "self.heard.since + self._silent_after + 1",
        "NEVER",
    ),
    Mutant(
        "a feed: its cases do not see it become stale",
        "streams.state.watermarks:FeedWatermark.turn",
        "max(self._stale_at, lapses_at(case))",
        "NEVER",
    ),
    Mutant(
        "a feed: its cases do not see it abandoned",
        "streams.state.watermarks:FeedWatermark.turn",
        "min(case.more_at, self._abandoned_at, max(self._stale_at, lapses_at(case)))",
        "min(case.more_at, max(self._stale_at, lapses_at(case)))",
    ),
    Mutant(
        "a feed: its cases do not see what lies ahead",
        "streams.state.watermarks:FeedWatermark.turn",
        "min(case.more_at, self._abandoned_at, max(self._stale_at, lapses_at(case)))",
        "min(self._abandoned_at, max(self._stale_at, lapses_at(case)))",
    ),
    Mutant(
        "a feed: it is abandoned before it was awaited",
        "streams.state.watermarks:FeedWatermarks.known",
        "if not feed.heard.awaited_from:\n    feed.heard.awaited_from = now",
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
        "a feed: heard again, it leaves all as it was",
        "streams.state.watermarks:FeedWatermarks.hear",
        "stale and (not feed.is_stale(now))",
        "False",
    ),
    Mutant(
        "a feed: a slower partition changes nothing yet",
        "streams.state.watermarks:FeedWatermarks.hear",
        "heard.upto < before",
        "False",
    ),
    Mutant(
        "a feed: a restart forgets what was heard",
        "streams.state.watermarks:FeedWatermarks.take_over",
        "heard.get(name)",
        "False",
    ),
    Mutant(
        "a feed: declared later, it was never awaited",
        "streams.state.watermarks:FeedWatermarks.take_over",
        "StoredFeedWatermark(clock)",
        "StoredFeedWatermark(1)",
    ),
    Mutant(
        "a feed: one feed speaks for all",
        "streams.state.watermarks:FeedWatermarks._feed",
        "self.heard[limits.feed]",
        "[*self.heard.values()][0]",
    ),
    Mutant(
        "a feed: the fastest partition speaks for all",
        "streams.state.changelog:StoredFeedWatermark.upto",
        "min(self.partitions.values(), default=0)",
        "max(self.partitions.values(), default=0)",
    ),
    Mutant(
        "a feed: the last word counts, not the furthest",
        "streams.state.changelog:StoredFeedWatermark.hear",
        "max(at, self.partitions.get(partition, 0))",
        "at",
    ),
    Mutant(
        "a feed: one partition speaks for another",
        "streams.state.changelog:StoredFeedWatermark.hear",
        "self.partitions[partition] = max(at, self.partitions.get(partition, 0))",
        "self.partitions[0] = max(at, self.partitions.get(0, 0))",
    ),
    Mutant(
        "a feed: it is patient from its last word only",
        "streams.state.changelog:StoredFeedWatermark.since",
        "max(self.upto, self.awaited_from)",
        "self.upto",
    ),
    Mutant(
        "a feed: a source may have read the future",
        "streams.state.partition:PartitionState._take_clock",
        "min(at, wall)",
        "at",
    ),
    Mutant(
        "a feed: its word moves the clock alone",
        "streams.state.partition:PartitionState._take_clock",
        "found += self._look_at(name, now)",
        "",
    ),
    Mutant(
        "a feed: several deadlines are judged as one",
        "streams.state.partition:PartitionState._look_at",
        "self._settle(name, case, now, until)",
        "self._settle(name, case, now, known)",
    ),
    Mutant(
        "a feed: whose deadlines are known waits on",
        "streams.state.partition:PartitionState._look_at",
        "if self._feeds is not None:\n    self._feeds.release(name)",
        "",
    ),
    Mutant(
        "a feed: who closes waits on", "streams.state.partition:PartitionState._judge", "self._feeds.release(name)", ""
    ),
    Mutant(
        "a feed: what waited before a restart is judged back then",
        "streams.state.partition:PartitionState._wake",
        "at > clock",
        "at",
    ),
    Mutant(
        "a feed: the shop that lies ahead is not the one that is asked",
        "streams.state.partition:PartitionState._look_at",
        "take_ahead(case, self._policies, now)",
        "",
    ),
    Mutant(
        "a feed: what only waits is written again",
        "streams.state.partition:PartitionState._keep",
        "stored != before",
        "True",
    ),
    Mutant(
        "a feed: a restart forgets how long it was awaited",
        "streams.state.partition:PartitionState._take_over",
        "self._feeds.take_over(head.feeds, head.clock)",
        "self._feeds.take_over({}, head.clock)",
    ),
)
