"""The book: every case of one partition, judged record by record.

A chunk of records is a unit of I/O, never of meaning: the clock moves record by record, and what falls due before a
record is judged before it. So the same log gives the same verdicts, revisions and counts however it is cut.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from schemas.events import TAGS, CaseEvent
from schemas.events import Clock as ClockRecord
from schemas.instants import ImplausibleInstant, Instant, instant
from schemas.reading import RefusalReason, Refused, read
from streams.book import codec
from streams.book.clock import Clock
from streams.book.deadlines import Deadlines
from streams.book.outputs import Output, outputs
from streams.book.tally import Tally
from streams.judging.admission import admit
from streams.judging.case import Case
from streams.judging.policy import Policies
from streams.judging.settle import settle, take


class Incoming(NamedTuple):
    """A record as it was read. timestamp: the record's own, in milliseconds."""

    timestamp: Instant
    key: bytes | None
    value: bytes | None


Effect = Output | Refused
"""What a record leads to: a verdict, an alert, or the refusal of the record itself."""


class Book:
    """All state of one partition. Cases are kept as bytes, and decoded when they are touched."""

    def __init__(self, policies: Policies) -> None:
        self.clock = Clock()
        self.tally = Tally()
        self.events: Counter[str] = Counter()
        self.rejects: Counter[RefusalReason] = Counter()
        self.duplicates = 0
        self._policies = policies
        self._cases: dict[str, bytes] = {}
        self._deadlines = Deadlines()

    def apply(self, record: Incoming, wall: Instant) -> list[Effect]:
        """Take one record: first what fell due before it, then what it says. `wall`: the wall clock."""
        effects: list[Effect] = [*self.move(record.timestamp, wall)]
        try:
            effects += self._take(record, wall)
        except Refused as refused:
            self.rejects[refused.reason] += 1
            effects.append(refused)
        return effects

    def move(self, to: Instant, wall: Instant) -> list[Output]:
        """Move the clock to `to` and judge what fell due on the way, each at its own time.

        So it makes no difference how often the clock is looked at.
        """
        before = self.clock.now
        now = self.clock.move(to, wall)
        if now == before:
            return []
        self.tally.windows.move(now)
        found: list[Output] = []
        for at, name in self._deadlines.passed(now):
            case = codec.decode(self._cases[name], self._policies)
            if case.wake_at == at:
                found += self._settle(name, case, at)
        return found

    def case(self, name: str) -> Case | None:
        """The case of that name, for a reader: what is done to it changes nothing here."""
        stored = self._cases.get(name)
        return codec.decode(stored, self._policies) if stored is not None else None

    def __len__(self) -> int:
        return len(self._cases)

    def stored_bytes(self) -> int:
        """Bytes of all cases, as they are stored."""
        return sum(map(len, self._cases.values()))

    def _take(self, record: Incoming, wall: Instant) -> list[Output]:
        event = read(record.value)
        found = self._take_clock(event, wall) if isinstance(event, ClockRecord) else self._take_event(event, record.key)
        self.events[TAGS[type(event)]] += 1
        return found

    def _take_clock(self, event: ClockRecord, wall: Instant) -> list[Output]:
        try:
            at = instant(event.at)
        except ImplausibleInstant as error:
            raise Refused("bad_time", f"at: {error}") from None
        return self.move(at, wall)

    def _take_event(self, event: CaseEvent, key: bytes | None) -> list[Output]:
        if key != event.case.encode():
            raise Refused("wrong_key", f"the Kafka key is {key!r}; it must be the case, {event.case!r}")
        fact = admit(event, self._policies)
        case = self.case(event.case) or Case()
        taken = take(case, fact, self._policies, self.clock.now)
        if taken == "noticed":
            return self._settle(event.case, case, self.clock.now)
        if taken == "unnoticed":  # nothing fell due either: the clock has moved before
            self._cases[event.case] = codec.encode(case)
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
        self._cases[name] = codec.encode(case)
        return found
