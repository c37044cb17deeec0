"""The book: every case of one partition, judged record by record.

A chunk of records is a unit of I/O, never of meaning: the clock moves record by record, and what falls due before a
record is judged before it. So the same log gives the same verdicts, revisions and counts however it is cut.
"""

from __future__ import annotations

from typing import Self

from schemas.events import TAGS, CaseEvent
from schemas.events import Clock as ClockRecord
from schemas.instants import NEVER, ImplausibleInstant, Instant, Millis, instant
from schemas.reading import Refused, read
from streams.judging.admission import admit
from streams.judging.case import Case
from streams.judging.facts import Fact
from streams.judging.locations import NO_FEEDS, FeedLookup
from streams.judging.policy import Policies
from streams.judging.settle import settle, take, take_ahead
from streams.records import ConsumedRecord
from streams.state import case_codec, changelog
from streams.state.changelog import Contents, RecordCounters
from streams.state.counts import PromiseCounts
from streams.state.fast_path import appended
from streams.state.outputs import Output, outputs
from streams.state.timers import RetentionTimers, Timers
from streams.state.watermarks import FeedWatermarks, Watermark

Effect = Output | Refused
"""What a record leads to: a verdict, an alert, or the refusal of the record itself."""


class PartitionState:
    """All state of one partition. Cases are kept as bytes, and decoded when they are touched.

    unnoticed: how many events were appended to their cases without a judgement, by this object.
    next: the offset of the record to read next, which is for the caller to set when it has applied those before.
    """

    def __init__(self, policies: Policies, retention: Millis | None = None, feeds: FeedLookup = NO_FEEDS) -> None:
        self.clock = Watermark()
        self.tally = PromiseCounts()
        self.counters = RecordCounters()
        self.unnoticed = 0
        self.next = 0
        self._policies = policies
        self._feeds = FeedWatermarks(feeds, self._wakes) if feeds else None
        self._turn = self._wakes if self._feeds is None else self._feeds.turn
        self._judged_by: set[str] = set()
        self._cases: dict[str, bytes] = {}
        self._deadlines = Timers(self._turn)
        self._ageing = RetentionTimers(retention, lambda name: self._cases.get(name))
        self._dirty: dict[str, bytes | None] = {}
        self._written = 0

    @classmethod
    def restored(
        cls, policies: Policies, contents: Contents, retention: Millis | None = None, feeds: FeedLookup = NO_FEEDS
    ) -> Self:
        """The book that wrote this changelog, which has it from now on; a new one where nothing was written.

        Raises UnknownPolicy, naming the policy that a case may need and `policies` lack, and ValueError for records
        that this code cannot read.
        """
        book = cls(policies, retention, feeds)
        if contents:
            book._take_over(contents)
        return book

    def _take_over(self, contents: Contents) -> None:
        head = contents.head
        for policy in head.policies:
            if policy not in self._policies.by_id:
                raise case_codec.UnknownPolicy(policy)
            self._judged_by.add(policy)
        self.next = self._written = head.next
        self.clock.now = head.clock
        self.counters = head.counters
        if self._feeds is not None:
            self._feeds.take_over(head.feeds, head.clock)
        self.tally.restore(contents, head.clock)
        self._cases = contents.cases
        for name, stored in self._cases.items():
            self._deadlines.set(name, case_codec.wake_at(stored))
        self._ageing.take_over(self._cases)

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to write. That time has passed is nothing."""
        return self.next != self._written or self.dirty > 0

    @property
    def dirty(self) -> int:
        """How many records the next changes have at least, without the head."""
        return len(self._dirty) + self.tally.dirty

    def changes(self) -> list[changelog.Change]:
        """The records of all that changed since this was last asked, the head at the end; none if nothing did."""
        if not self.has_changes:
            return []
        records = [(changelog.CASE + name.encode(), stored) for name, stored in self._dirty.items()]
        self._dirty.clear()
        records += self.tally.changes()
        records.append((changelog.HEAD, changelog.encode(self._head())))
        self._written = self.next
        return records

    def _head(self) -> changelog.Head:
        policies, heard = sorted(self._judged_by), {} if self._feeds is None else self._feeds.heard
        return changelog.Head(changelog.VERSION, self.next, self.clock.now, self.counters, policies, heard)

    def apply(self, record: ConsumedRecord, wall: Instant) -> list[Effect]:
        """Take one record: first what fell due before it, then what it says. `wall`: the wall clock."""
        effects: list[Effect] = []
        effects += self.move(record.timestamp, wall)
        try:
            event = read(record.value)
            if isinstance(event, ClockRecord):
                effects += self._take_clock(event, wall)
            else:
                effects += self._take_event(event, record.key)
            events, name = self.counters.events, TAGS[type(event)]
            events[name] = events.get(name, 0) + 1
        except Refused as refused:
            rejects = self.counters.rejects
            rejects[refused.reason] = rejects.get(refused.reason, 0) + 1
            effects.append(refused)
        return effects

    def move(self, to: Instant, wall: Instant) -> list[Output]:
        """Move the clock to `to` and judge what fell due on the way, each at its own time.

        So it makes no difference how often the clock is looked at.
        """
        before = self.clock.now
        now = self.clock.move(to, wall)
        if now >= self.tally.windows.ends:
            self.tally.windows.move(now)
        found = self._wake(before, now) if self._deadlines.earliest <= now else []
        if self._ageing.earliest <= now:
            for name in self._ageing.aged(now):
                del self._cases[name]
                self._dirty[name] = None
        return found

    def _wake(self, clock: Instant, now: Instant) -> list[Output]:
        found: list[Output] = []
        for at, name in self._deadlines.passed(now):
            if at > clock:  # if not, the case had waited for a feed until this book was opened
                clock = at
            if self._turn(name) == at:
                found += self._look_at(name, clock)
        return found

    def _wakes(self, name: str) -> Instant:
        """When the case changes by itself."""
        stored = self._cases.get(name)
        return NEVER if stored is None else case_codec.wake_at(stored)

    def _look_at(self, name: str, now: Instant) -> list[Output]:
        """Judge a case by each deadline that is known to have passed, one after the other, and then as it stands."""
        case = case_codec.decode(self._cases[name], self._policies)
        found: list[Output] = []
        until, known = 0, now
        if self._feeds is not None:
            if case.more_at <= now:
                take_ahead(case, self._policies, now)  # which may name another location, and so another feed
            known = self._feeds.known(case, now)
        while until < case.wake_at <= known:
            until = case.wake_at
            found += self._settle(name, case, now, until)
        if case.wake_at <= now:
            found += self._judge(name, case, now)
        elif self._feeds is not None:
            self._feeds.release(name)
        return found

    @property
    def heard(self) -> dict[str, Instant]:
        """The instant up to which each feed was heard of; those of which nothing was are left out."""
        feeds = {} if self._feeds is None else self._feeds.heard
        return {name: heard.upto for name, heard in feeds.items() if heard.upto}

    def case(self, name: str) -> Case | None:
        """The case of that name, for a reader: what is done to it changes nothing here."""
        stored = self._cases.get(name)
        return case_codec.decode(stored, self._policies) if stored is not None else None

    def __len__(self) -> int:
        return len(self._cases)

    def stored_cases(self) -> dict[str, bytes]:
        """All cases by name, as they are stored."""
        return dict(self._cases)

    def stored_bytes(self) -> int:
        """Bytes of all cases, as they are stored."""
        return sum(map(len, self._cases.values()))

    def _take_clock(self, event: ClockRecord, wall: Instant) -> list[Output]:
        try:
            at = instant(event.at)
        except ImplausibleInstant as error:
            raise Refused("bad_time", f"at: {error}") from None
        found: list[Output] = []
        if self._feeds is not None:
            now = self.clock.now
            for name in self._feeds.hear(event.source, event.partition, min(at, wall), now):
                found += self._look_at(name, now)
        return found + self.move(at, wall)

    def _take_event(self, event: CaseEvent, key: bytes | None) -> list[Output]:
        if key != event.case.encode():
            raise Refused("wrong_key", f"the Kafka key is {key!r}; it must be the case, {event.case!r}")
        name, now = event.case, self.clock.now
        fact = admit(event, self._policies)
        stored = self._cases.get(name)
        if stored is None:
            self._ageing.check(fact, now)
            return self._learn(name, Case(), fact)
        longer = appended(stored, fact, self._policies, now)
        if longer is None:
            return self._learn(name, case_codec.decode(stored, self._policies), fact)
        self.unnoticed += 1
        self._cases[name] = self._dirty[name] = longer
        return []

    def _learn(self, name: str, case: Case, fact: Fact) -> list[Output]:
        now = self.clock.now
        taken = take(case, fact, self._policies, now)
        if taken == "noticed":
            return self._settle(name, case, now) if self._feeds is None else self._judge(name, case, now)
        if taken == "unnoticed":  # nothing fell due either: the clock has moved before
            self._keep(name, case)
        else:
            self.counters.duplicates += 1
        return []

    def _judge(self, name: str, case: Case, now: Instant) -> list[Output]:
        """Judge a case by what its feed was heard of; where that is not enough, it waits."""
        assert self._feeds is not None
        found = self._settle(name, case, now, self._feeds.known(case, now), self._feeds.lapsed(case, now))
        if case.wake_at <= now:
            self._deadlines.set(name, self._feeds.wait(name, case))
        else:
            self._feeds.release(name)
        return found

    def _settle(self, name: str, case: Case, now: Instant, known: Instant = NEVER, lapsed: Instant = 0) -> list[Output]:
        before = case.wake_at
        found: list[Output] = []
        for change in settle(case, self._policies, now, known, lapsed):
            self.tally.note(change)
            found += outputs(name, change, now)
        if case.wake_at != before:
            self._deadlines.set(name, case.wake_at)
        for promise in case.standing.promises.values():
            self._judged_by.add(promise.policy.id)
        self._keep(name, case)
        return found

    def _keep(self, name: str, case: Case) -> None:
        before, stored = self._cases.get(name), case_codec.encode(case)
        if stored != before:
            self._cases[name] = self._dirty[name] = stored
            if case.wake_at == NEVER:
                self._ageing.closed(name, before, stored)
