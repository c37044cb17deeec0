"""A case: its history, its standing (how far that is folded), and what was last judged of it.

The standing follows from the history alone and can always be made again from it; what was judged depends on when it
was judged, and is kept to say what changed since.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from schemas.instants import NEVER, Instant, Millis
from schemas.values import State, Value, field, pack
from schemas.words import RULINGS, UNDELIVERED, Basis, Evidence, Origin, Party, Ruling
from streams.judging.facts import Fact
from streams.judging.history import History, pack_fact, pack_history, unpack_history
from streams.judging.policy import Attributes, Policy

_UNDELIVERED: Final = RULINGS.index(UNDELIVERED)


class PromiseKey(NamedTuple):
    """Which promise of a case."""

    subject: str
    kind: str
    ordinal: int


class Window(Value, frozen=True):
    """When delivery is owed: not before `opens` (0: at any time), not after `due`."""

    opens: Instant
    due: Instant


class Ending(Value, frozen=True):
    """A cancellation or withdrawal."""

    at: Instant
    by: Party


class Promise(State):
    """A promise as far as its case is folded.

    amended: the last window that was given, where that is not the original one.
    started_by: the step behind an assumed promise; empty: it was given.
    """

    key: PromiseKey
    policy: Policy
    made_at: Instant
    origin: Origin
    location: str
    original: Window
    amended: Window | None = None
    started_by: str = ""
    withdrawn: Ending | None = None

    @property
    def current(self) -> Window:
        """The last window that was given."""
        return self.original if self.amended is None else self.amended


class Assignment(Value, frozen=True):
    """From `at` on, `staff` had `subject` in hand."""

    at: Instant
    subject: str
    staff: str


class RareState(State):
    """What few cases have, so that the others need not store that they lack it.

    stated: what was last stated of a promise, where that is not its original window. proxies: by subject, the steps
    that are known by a proxy alone.
    """

    stated: dict[PromiseKey, Window] = field(default_factory=dict)
    proxies: dict[str, list[str]] = field(default_factory=dict)


class CaseState(State):
    """How a case stands after some of its facts.

    steps: when each step that a policy reads was reached, by subject, then by step. cancelled: by subject.
    hands: in order of time. attributes: the first named of each.
    """

    promises: dict[PromiseKey, Promise] = field(default_factory=dict)
    steps: dict[str, dict[str, Instant]] = field(default_factory=dict)
    cancelled: dict[str, Ending] = field(default_factory=dict)
    assignments: list[Assignment] = field(default_factory=list)
    attributes: Attributes = Attributes()
    rare: RareState | None = None

    @property
    def last_due(self) -> Instant:
        """The latest instant by which anything was ever promised, as far as it still counts; 0 where nothing was."""
        last = 0
        for promise in self.promises.values():
            last = max(last, promise.original.due, promise.current.due)
        return last


class Outcome(Value, frozen=True):
    """How a promise stands on one basis.

    code: of the ruling, its place in the table of all. lateness: actual minus due, signed; None while nothing was
    delivered.
    """

    code: int
    due: Instant
    lateness: Millis | None
    staff: str

    @property
    def ruling(self) -> Ruling:
        """The verdict and its reason."""
        return RULINGS[self.code]


class Judged(Value, frozen=True):
    """What was last said of a promise, and what was ever said that is said only once.

    amended: the outcome on the current basis, where that is not the original one.
    revision: the number of its last published verdict; -1 before the first. retracted: the history holds it no longer.
    settled, delivered: by basis (original, current), whether a first verdict other than open, and a first lateness, was
    ever given. at_risk, overdue: the dues of which that was ever said. assumed: whether its delivery is known by a
    proxy alone.
    """

    original: Outcome
    amended: Outcome | None
    location: str
    revision: int = -1
    retracted: bool = False
    settled: tuple[bool, bool] = (False, False)
    delivered: tuple[bool, bool] = (False, False)
    at_risk: tuple[Instant, ...] = ()
    overdue: tuple[Instant, ...] = ()
    assumed: bool = False

    @property
    def current(self) -> Outcome:
        """The outcome on the current basis."""
        return self.original if self.amended is None else self.amended

    @property
    def evidence(self) -> Evidence:
        """What the current outcome rests on."""
        if self.assumed:
            return "assumed"
        return "deadline" if self.current.code == _UNDELIVERED else "event"

    def on(self, basis: Basis) -> Outcome:
        """The outcome on that basis."""
        return self.original if basis == "original" else self.current


class Change(Value, frozen=True):
    """One promise judged otherwise than before. `before` is None when it was never judged; `promise` is None when the
    history holds it no longer: then `after` is the last judgement, retracted."""

    key: PromiseKey
    promise: Promise | None
    before: Judged | None
    after: Judged


class Case(State):
    """All that is known of one case. The standing holds all facts that are known at the clock, as corrected.

    facts, count, last_at: the history, packed; how many facts that is, and when the last of them happened.
    corrected: whether any fact is a correction. more_at: when a fact that is known, but lies ahead of the clock, will
    have happened. wake_at: when the judgement next changes by itself.
    """

    wake_at: Instant = NEVER
    next_fact_at: Instant = NEVER
    last_at: Instant = 0
    corrected: bool = False
    count: int = 0
    facts: bytes = b""
    state: CaseState = field(default_factory=CaseState)
    judged: dict[PromiseKey, Judged] = field(default_factory=dict)

    @property
    def history(self) -> History:
        """The facts in order, for a reader: what is done to the list changes nothing here."""
        return unpack_history(self.facts, self.count)

    def may_contain(self, id: str) -> bool:
        """False: no fact of that id is in the history. True: look, one may be."""
        return pack(id) in self.facts

    def append(self, fact: Fact) -> None:
        """Add a fact that comes after all others."""
        self.facts += pack_fact(fact)
        self.count += 1
        self.last_at = fact.at

    def replace_history(self, history: History) -> None:
        """Have `history`, which is not empty, take the place of what was known."""
        self.facts = pack_history(history)
        self.count = len(history)
        self.last_at = history[-1].at


OPEN_CODES: Final = frozenset(code for code, ruling in enumerate(RULINGS) if ruling.verdict == "open")
"""The codes of rulings that are not a verdict yet."""
