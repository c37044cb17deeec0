"""The state of one partition: all its cases, judged record by record.

A batch of records is a unit of I/O, never of meaning. The watermark advances record by record, and a deadline before a
record is judged before that record. So the same log gives the same verdicts, revisions and counts for any batch size.
"""

from __future__ import annotations

from typing import Self

from schemas.events import TAGS, CaseEvent
from schemas.events import Clock as ClockRecord
from schemas.instants import NEVER, ImplausibleInstant, Instant, Millis, from_datetime
from schemas.reading import Refused, read_event
from streams.judging.admission import admit
from streams.judging.case import Case
from streams.judging.facts import Fact
from streams.judging.locations import NO_FEEDS, FeedLookup
from streams.judging.policy import Policies
from streams.judging.settle import add_due_facts, add_fact, settle
from streams.records import ConsumedRecord
from streams.state import case_codec, changelog
from streams.state.case_codec import try_append
from streams.state.changelog import Contents, RecordCounters
from streams.state.counts import PromiseCounts
from streams.state.outputs import Output, outputs
from streams.state.timers import RetentionTimers, Timers
from streams.state.watermarks import FeedWatermarks, Watermark

Effect = Output | Refused
"""An effect of a record: a verdict, an alert, or the refusal of the record itself."""


class PartitionState:
    """All state of one partition. Cases are stored encoded, and decoded only to be judged.

    counters: counts of records. counts: counts of promises.
    fast_path: the number of events that this object appended to their cases without judging them.
    next: the offset of the next record to read. The caller sets it after it has applied the records before.
    """

    def __init__(self, policies: Policies, retention: Millis | None = None, feeds: FeedLookup = NO_FEEDS) -> None:
        self.watermark = Watermark()
        self.counts = PromiseCounts()
        self.counters = RecordCounters()
        self.fast_path = 0
        self.next = 0
        self._policies = policies
        self._feeds = FeedWatermarks(feeds, self._wake_at) if feeds else None
        self._due_at = self._wake_at if self._feeds is None else self._feeds.due_at
        self._judged_by: set[str] = set()
        self._cases: dict[str, bytes] = {}
        self._timers = Timers(self._due_at)
        self._retention = RetentionTimers(retention, lambda name: self._cases.get(name))
        self._dirty: dict[str, bytes | None] = {}
        self._written_next = 0

    @classmethod
    def restored(
        cls, policies: Policies, contents: Contents, retention: Millis | None = None, feeds: FeedLookup = NO_FEEDS
    ) -> Self:
        """Restore the state from its changelog, and take over `contents`; a new state if that is empty.

        Raises UnknownPolicy if a case was judged by a policy that `policies` lacks, and ValueError for records that
        this code cannot read.
        """
        state = cls(policies, retention, feeds)
        if contents:
            state._restore(contents)
        return state

    def _restore(self, contents: Contents) -> None:
        head = contents.head
        for policy in head.policies:
            if policy not in self._policies.by_id:
                raise case_codec.UnknownPolicy(policy)
            self._judged_by.add(policy)
        self.next = self._written_next = head.next
        self.watermark.now = head.clock
        self.counters = head.counters
        if self._feeds is not None:
            self._feeds.restore(head.feeds, head.clock)
        self.counts.restore(contents, head.clock)
        self._cases = contents.cases
        for name, stored in self._cases.items():
            self._timers.set(name, case_codec.read_wake_at(stored))
        self._retention.restore(self._cases)

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to write. An advance of the watermark alone is not written."""
        return self.next != self._written_next or self.dirty > 0

    @property
    def dirty(self) -> int:
        """The minimum number of records of the next changes, without the head."""
        return len(self._dirty) + self.counts.dirty

    def changes(self) -> list[changelog.ChangelogRecord]:
        """Return the records of all changes since the last call, with the head at the end; none if nothing changed."""
        if not self.has_changes:
            return []
        records = [(changelog.CASE + name.encode(), stored) for name, stored in self._dirty.items()]
        self._dirty.clear()
        records += self.counts.changes()
        records.append((changelog.HEAD, changelog.encode(self._head())))
        self._written_next = self.next
        return records

    def _head(self) -> changelog.Head:
        return changelog.Head(
            version=changelog.VERSION,
            next=self.next,
            clock=self.watermark.now,
            counters=self.counters,
            policies=sorted(self._judged_by),
            feeds={} if self._feeds is None else self._feeds.stored,
        )

    def apply(self, record: ConsumedRecord, wall: Instant) -> list[Effect]:
        """Apply a record, after the timers that are due before it. `wall`: the wall clock."""
        effects: list[Effect] = []
        effects += self.advance(record.timestamp, wall)
        try:
            event = read_event(record.value)
            if isinstance(event, ClockRecord):
                effects += self._apply_clock(event, wall)
            else:
                effects += self._apply_event(event, record.key)
            events, name = self.counters.events, TAGS[type(event)]
            events[name] = events.get(name, 0) + 1
        except Refused as refused:
            rejects = self.counters.rejects
            rejects[refused.reason] = rejects.get(refused.reason, 0) + 1
            effects.append(refused)
        return effects

    def advance(self, to: Instant, wall: Instant) -> list[Output]:
        """Advance the watermark to `to`, and judge every case whose timer is due by then, each at its own timer.

        So it makes no difference in how many steps the watermark advances.
        """
        before = self.watermark.now
        now = self.watermark.advance(to, wall)
        if now >= self.counts.windows.minute_ends:
            self.counts.windows.advance(now)
        effects = self._fire_timers(before, now) if self._timers.earliest <= now else []
        if self._retention.earliest <= now:
            for name in self._retention.expired(now):
                del self._cases[name]
                self._dirty[name] = None
        return effects

    def _fire_timers(self, clock: Instant, now: Instant) -> list[Output]:
        effects: list[Output] = []
        for at, name in self._timers.pop_due(now):
            if at > clock:  # if not, the case had waited for a feed before the partition was restored
                clock = at
            if self._due_at(name) == at:
                effects += self._fire_timer(name, clock)
        return effects

    def _wake_at(self, name: str) -> Instant:
        """Return the timer of a case that waits for no feed."""
        stored = self._cases.get(name)
        return NEVER if stored is None else case_codec.read_wake_at(stored)

    def _fire_timer(self, name: str, now: Instant) -> list[Output]:
        """Judge a case at each of its deadlines that has passed, in order, and then at `now`."""
        case = case_codec.decode(self._cases[name], self._policies)
        effects: list[Output] = []
        until, complete_until = 0, now
        if self._feeds is not None:
            if case.next_fact_at <= now:
                add_due_facts(case, self._policies, now)  # they may name another location, and so another feed
            complete_until = self._feeds.complete_until(case, now)
        while until < case.wake_at <= complete_until:
            until = case.wake_at
            effects += self._settle(name, case, now, until)
        if case.wake_at <= now:
            effects += self._judge(name, case, now)
        elif self._feeds is not None:
            self._feeds.release(name)
        return effects

    @property
    def feed_watermarks(self) -> dict[str, Instant]:
        """The watermark of each declared feed that has one."""
        feeds = {} if self._feeds is None else self._feeds.stored
        return {name: feed.watermark for name, feed in feeds.items() if feed.watermark}

    def case(self, name: str) -> Case | None:
        """Return a copy of the case of that name; None if there is none."""
        stored = self._cases.get(name)
        return case_codec.decode(stored, self._policies) if stored is not None else None

    def __len__(self) -> int:
        return len(self._cases)

    def stored_cases(self) -> dict[str, bytes]:
        """Return all cases by name, encoded."""
        return dict(self._cases)

    def stored_bytes(self) -> int:
        """Return the size of all encoded cases in bytes."""
        return sum(map(len, self._cases.values()))

    def _apply_clock(self, event: ClockRecord, wall: Instant) -> list[Output]:
        try:
            at = from_datetime(event.at)
        except ImplausibleInstant as error:
            raise Refused("bad_time", f"at: {error}") from None
        effects: list[Output] = []
        if self._feeds is not None:
            now = self.watermark.now
            for name in self._feeds.advance(event.source, event.partition, min(at, wall), now):
                effects += self._fire_timer(name, now)
        return effects + self.advance(at, wall)

    def _apply_event(self, event: CaseEvent, key: bytes | None) -> list[Output]:
        if key != event.case.encode():
            raise Refused("wrong_key", f"the Kafka key is {key!r}; it must be the case, {event.case!r}")
        name, now = event.case, self.watermark.now
        fact = admit(event, self._policies)
        stored = self._cases.get(name)
        if stored is None:
            self._retention.check_age(fact, now)
            return self._add_fact(name, Case(), fact)
        appended = try_append(stored, fact, self._policies, now)
        if appended is None:
            return self._add_fact(name, case_codec.decode(stored, self._policies), fact)
        self.fast_path += 1
        self._cases[name] = self._dirty[name] = appended
        return []

    def _add_fact(self, name: str, case: Case, fact: Fact) -> list[Output]:
        now = self.watermark.now
        addition = add_fact(case, fact, self._policies, now)
        if addition == "changed":
            return self._settle(name, case, now) if self._feeds is None else self._judge(name, case, now)
        if addition == "unchanged":  # no deadline has passed either: the watermark advanced before the record
            self._store(name, case)
        else:
            self.counters.duplicates += 1
        return []

    def _judge(self, name: str, case: Case, now: Instant) -> list[Output]:
        """Judge a case by the watermark of its feed. If that is behind a deadline, the case waits for the feed."""
        assert self._feeds is not None
        effects = self._settle(
            name, case, now, self._feeds.complete_until(case, now), self._feeds.stale_until(case, now)
        )
        if case.wake_at <= now:
            self._timers.set(name, self._feeds.wait(name, case))
        else:
            self._feeds.release(name)
        return effects

    def _settle(
        self, name: str, case: Case, now: Instant, complete_until: Instant = NEVER, stale_until: Instant = 0
    ) -> list[Output]:
        before = case.wake_at
        effects: list[Output] = []
        for change in settle(case, self._policies, now, complete_until, stale_until):
            self.counts.add(change)
            effects += outputs(name, change, now)
        if case.wake_at != before:
            self._timers.set(name, case.wake_at)
        for promise in case.state.promises.values():
            self._judged_by.add(promise.policy.id)
        self._store(name, case)
        return effects

    def _store(self, name: str, case: Case) -> None:
        before, stored = self._cases.get(name), case_codec.encode(case)
        if stored != before:
            self._cases[name] = self._dirty[name] = stored
            if case.wake_at == NEVER:
                self._retention.case_closed(name, before, stored)
