"""Mistakes about feeds, for tests/mutants.py to plant."""

from __future__ import annotations

from typing import Final

from tests.planted_mutant import PARTITION, Mutant

FEED_MUTANTS: Final = (
    *(
        Mutant(f"a feed: {what}", "streams/judging/settle.py", original, mutated)
        for what, original, mutated in (
            (
                "a promise is at risk by the clock alone",
                "and complete_until >= window.due - policy.at_risk",
                "and True",
            ),
            (
                "a promise is unconfirmed before its grace is over",
                "if stale_until > limit:",
                "if stale_until > window.due:",
            ),
            ("a promise is unconfirmed a millisecond early", "if stale_until > limit:", "if stale_until >= limit:"),
            ("what was known is unknown again", "before.code == _UNDELIVERED and ", "False and "),
            ("a new due stays broken like the old one", " and before.due == outcome.due and ", " and "),
            (
                "a delivery that comes late stays unseen",
                " and outcome.code in OPEN_CODES:\n        return replace",
                ":\n        return replace",
            ),
            (
                "an unconfirmed promise is never at risk",
                "(code == _UNCONFIRMED and complete_until < outcome.due - policy.at_risk)",
                "False",
            ),
            (
                "a promise at risk never lapses",
                "if outcome.code in (_PENDING, _AT_RISK):",
                "if outcome.code == _PENDING:",
            ),
            (
                "only the original due lapses",
                "for outcome in (judged.original, judged.current):",
                "for outcome in (judged.original,):",
            ),
            ("what is known is ahead of the clock", "    if complete_until > now:\n        complete_until = now\n", ""),
        )
    ),
    *(
        Mutant(f"a feed: {what}", "streams/state/watermarks.py", original, mutated)
        for what, original, mutated in (
            ("all of it is known by the clock", "else min(now, self.stored.watermark)", "else now"),
            ("it is abandoned a millisecond early", "self._abandoned_after + 1", "self._abandoned_after"),
            ("it is never abandoned", "return self.stored.last_progress + self._abandoned_after + 1", "return NEVER"),
            ("it is stale a millisecond early", "self._silent_after + 1", "self._silent_after"),
            ("it is never stale", "return self.stored.last_progress + self._silent_after + 1", "return NEVER"),
            ("its cases do not see it become stale", "max(self._stale_at, next_deadline(case))", "NEVER"),
            (
                "its cases do not see it abandoned",
                "min(case.next_fact_at, self._abandoned_at, ",
                "min(case.next_fact_at, ",
            ),
            (
                "its cases do not see what lies ahead",
                "min(case.next_fact_at, self._abandoned_at, ",
                "min(self._abandoned_at, ",
            ),
            (
                "it is abandoned before it was awaited",
                "        if not feed.stored.awaited_since:\n            feed.stored.awaited_since = now\n",
                "",
            ),
            ("what waits longer than before is not looked at", " or before.until != case.wake_at:", ":"),
            ("who waits for another feed now is not looked at", " or before.feed is not feed or ", " or "),
            (
                "heard again, it leaves all as it was",
                "stored.watermark < before or (stale and not feed.is_stale(now))",
                "stored.watermark < before",
            ),
            ("a slower partition changes nothing yet", "stored.watermark < before or (stale", "(stale"),
            (
                "a restart forgets what was heard",
                "stored.get(name) or StoredFeedWatermark(clock)",
                "StoredFeedWatermark(clock)",
            ),
            ("declared later, it was never awaited", "or StoredFeedWatermark(clock)\n", "or StoredFeedWatermark(1)\n"),
            (
                "one feed speaks for all",
                "FeedWatermark(self.stored[limits.feed], ",
                "FeedWatermark([*self.stored.values()][0], ",
            ),
        )
    ),
    *(
        Mutant(f"a feed: {what}", module, original, mutated)
        for what, module, original, mutated in (
            (
                "the fastest partition speaks for all",
                "streams/state/changelog.py",
                "return min(self.partitions.values(), default=0)",
                "return max(self.partitions.values(), default=0)",
            ),
            (
                "the last word counts, not the furthest",
                "streams/state/changelog.py",
                "max(at, self.partitions.get(partition, 0))",
                "at",
            ),
            (
                "one partition speaks for another",
                "streams/state/changelog.py",
                "self.partitions[partition] = max(at, self.partitions.get(partition, 0))",
                "self.partitions[0] = max(at, self.partitions.get(0, 0))",
            ),
            (
                "it is patient from its last word only",
                "streams/state/changelog.py",
                "return max(self.watermark, self.awaited_since)",
                "return self.watermark",
            ),
            ("a source may have read the future", PARTITION, "min(at, wall), now)", "at, now)"),
            ("its word moves the clock alone", PARTITION, "effects += self._fire_timer(name, now)", "pass"),
            (
                "several deadlines are judged as one",
                PARTITION,
                "self._settle(name, case, now, until)",
                "self._settle(name, case, now, complete_until)",
            ),
            (
                "whose deadlines are known waits on",
                PARTITION,
                "        elif self._feeds is not None:\n            self._feeds.release(name)\n"
                "        return effects\n",
                "        return effects\n",
            ),
            (
                "who closes waits on",
                PARTITION,
                "        else:\n            self._feeds.release(name)\n        return effects\n",
                "        return effects\n",
            ),
            ("what waited before a restart is judged back then", PARTITION, "if at > clock:", "if at:"),
            (
                "the shop that lies ahead is not the one that is asked",
                PARTITION,
                "add_due_facts(case, self._policies, now)  #",
                "pass  #",
            ),
            (
                "what only waits is written again",
                PARTITION,
                "        if stored != before:\n",
                "        if True:\n",
            ),
            (
                "a restart forgets how long it was awaited",
                PARTITION,
                "restore(head.feeds, head.clock)",
                "restore({}, head.clock)",
            ),
        )
    ),
)  # fmt: skip
