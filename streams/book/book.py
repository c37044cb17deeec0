"""The book: every case of one partition, judged record by record.

A chunk of records is a unit of I/O, never of meaning: the clock moves record by record, and what falls due before a
record is judged before it. So the same log gives the same verdicts, revisions and counts however it is cut.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple, Protocol, Self

from schemas.events import TAGS, CaseEvent
from schemas.events import Clock as ClockRecord
from schemas.instants import NEVER, ImplausibleInstant, Instant, instant, show
from schemas.reading import RefusalReason, Refused, read
from streams.book import changelog, codec
from streams.book.clock import Clock
from streams.book.deadlines import Deadlines
from streams.book.outputs import Output, outputs
from streams.book.tally import Tally
from streams.book.unnoticed import appended
from streams.judging.admission import admit
from streams.judging.case import Case
from streams.judging.facts import Fact
from streams.judging.policy import Millis, Policies
from streams.judging.settle import settle, take


class Record(Protocol):
    """A record as it was read. timestamp: the record's own, in milliseconds."""

    @property
    def timestamp(self) -> Instant: ...

    @property
    def key(self) -> bytes | None: ...

    @property
    def value(self) -> bytes | None: ...


class Incoming(NamedTuple):
    """A record as it was read. timestamp: the record's own, in milliseconds."""

    timestamp: Instant
    key: bytes | None
    value: bytes | None


Effect = Output | Refused
"""What a record leads to: a verdict, an alert, or the refusal of the record itself."""


class Book:
    """All state of one partition. Cases are kept as bytes, and decoded when they are touched.

    unnoticed: how many events were appended to their cases without a judgement, by this object.
    next: the offset of the record to read next, which is for the caller to set when it has applied those before.
    """

    def __init__(self, policies: Policies, retention: Millis | None = None) -> None:
        self.clock = Clock()
        self.tally = Tally()
        self.events: Counter[str] = Counter()
        self.rejects: Counter[RefusalReason] = Counter()
        self.duplicates = 0
        self.unnoticed = 0
        self.next = 0
        self._policies = policies
        self._retention = retention
        self._judged_by: set[str] = set()
        self._cases: dict[str, bytes] = {}
        self._deadlines = Deadlines(self._wakes)
        self._ageing = Deadlines(self._ages)
        self._dirty: dict[str, bytes | None] = {}
        self._written = 0

    @classmethod
    def restored(cls, policies: Policies, contents: changelog.Contents, retention: Millis | None = None) -> Self:
        """The book that wrote this changelog, which has it from now on; a new one where nothing was written.

        Raises UnknownPolicy, naming the policy that a case may need and `policies` lack, and ValueError for records
        that this code cannot read.
        """
        book = cls(policies, retention)
        if contents:
            book._take_over(contents)
        return book

    def _take_over(self, contents: changelog.Contents) -> None:
        head = contents.head
        for policy in head.policies:
            if policy not in self._policies.by_id:
                raise codec.UnknownPolicy(policy)
            self._judged_by.add(policy)
        self.next = self._written = head.next
        self.clock.now = head.clock
        self.events.update(head.events)
        self.rejects.update(head.rejects)
        self.duplicates = head.duplicates
        self.tally.restore(contents, head.clock)
        self._cases = contents.cases
        for name, stored in self._cases.items():
            self._deadlines.set(name, codec.wake_at(stored))
        if self._retention is not None:
            for name in self._cases:
                self._ageing.set(name, self._ages(name))

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
        return changelog.Head(
            changelog.VERSION,
            self.next,
            self.clock.now,
            self.events,
            self.rejects,
            self.duplicates,
            sorted(self._judged_by),
        )

    def apply(self, record: Record, wall: Instant) -> list[Effect]:
        """Take one record: first what fell due before it, then what it says. `wall`: the wall clock."""
        effects: list[Effect] = []
        effects += self.move(record.timestamp, wall)
        try:
            event = read(record.value)
            if isinstance(event, ClockRecord):
                effects += self._take_clock(event, wall)
            else:
                effects += self._take_event(event, record.key)
            self.events[TAGS[type(event)]] += 1
        except Refused as refused:
            self.rejects[refused.reason] += 1
            effects.append(refused)
        return effects

    def move(self, to: Instant, wall: Instant) -> list[Output]:
        """Move the clock to `to` and judge what fell due on the way, each at its own time.

        So it makes no difference how often the clock is looked at.
        """
        now = self.clock.move(to, wall)
        if now >= self.tally.windows.ends:
            self.tally.windows.move(now)
        found = self._wake(now) if self._deadlines.earliest <= now else []
        if self._ageing.earliest <= now:
            self._purge(now)
        return found

    def _wake(self, now: Instant) -> list[Output]:
        found: list[Output] = []
        for at, name in self._deadlines.passed(now):
            if self._wakes(name) == at:
                found += self._settle(name, codec.decode(self._cases[name], self._policies), at)
        return found

    def _wakes(self, name: str) -> Instant:
        """When the case changes by itself."""
        stored = self._cases.get(name)
        return NEVER if stored is None else codec.wake_at(stored)

    def _ages(self, name: str) -> Instant:
        """When nothing has happened to a closed case for the retention."""
        stored = self._cases.get(name)
        since = NEVER if stored is None else codec.rests_since(stored)
        return NEVER if since == NEVER or self._retention is None else since + self._retention + 1

    def _purge(self, now: Instant) -> None:
        """Forget the cases that closed and aged. One that is open again has another entry when it closes."""
        for at, name in self._ageing.passed(now):
            ages = self._ages(name)
            if ages == at:
                del self._cases[name]
                self._dirty[name] = None
            elif ages != NEVER:
                self._ageing.set(name, ages)

    def case(self, name: str) -> Case | None:
        """The case of that name, for a reader: what is done to it changes nothing here."""
        stored = self._cases.get(name)
        return codec.decode(stored, self._policies) if stored is not None else None

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
        return self.move(at, wall)

    def _take_event(self, event: CaseEvent, key: bytes | None) -> list[Output]:
        if key != event.case.encode():
            raise Refused("wrong_key", f"the Kafka key is {key!r}; it must be the case, {event.case!r}")
        name, now = event.case, self.clock.now
        fact = admit(event, self._policies)
        stored = self._cases.get(name)
        if stored is None:
            self._check_age(fact)
            return self._learn(name, Case(), fact)
        longer = appended(stored, fact, self._policies, now)
        if longer is None:
            return self._learn(name, codec.decode(stored, self._policies), fact)
        self.unnoticed += 1
        self._cases[name] = self._dirty[name] = longer
        return []

    def _check_age(self, fact: Fact) -> None:
        """Raises Refused where the case of `fact` may be one that was purged."""
        if self._retention is not None and fact.at < self.clock.now - self._retention:
            raise Refused(
                "too_late",
                f"occurred_at: {show(fact.at)} is longer ago than closed cases are kept "
                f"({self._retention / 1000:g} seconds), and the case is not known, or no longer",
            )

    def _learn(self, name: str, case: Case, fact: Fact) -> list[Output]:
        now = self.clock.now
        taken = take(case, fact, self._policies, now)
        if taken == "noticed":
            return self._settle(name, case, now)
        if taken == "unnoticed":  # nothing fell due either: the clock has moved before
            self._keep(name, case)
        else:
            self.duplicates += 1
        return []

    def _settle(self, name: str, case: Case, now: Instant) -> list[Output]:
        before = case.wake_at
        found: list[Output] = []
        for change in settle(case, self._policies, now):
            self.tally.note(change)
            found += outputs(name, change, now)
        if case.wake_at != before:
            self._deadlines.set(name, case.wake_at)
        for promise in case.standing.promises.values():
            self._judged_by.add(promise.policy.id)
        self._keep(name, case)
        return found

    def _keep(self, name: str, case: Case) -> None:
        before = self._cases.get(name)
        stored = self._cases[name] = self._dirty[name] = codec.encode(case)
        if self._retention is None or case.wake_at != NEVER:
            return
        if before is None or codec.rests_since(stored) < codec.rests_since(before):
            self._ageing.set(name, self._ages(name))  # otherwise it has an entry, which is early enough
