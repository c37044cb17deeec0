"""A case: its history, its state (the history folded so far), and its last judgements.

The state follows from the history alone and can always be folded again. A judgement depends also on when it was made;
the last one is kept to find out what has changed since.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec import Struct, field

from schemas.instants import NEVER, Instant, Millis
from schemas.words import RULINGS, UNDELIVERED, Basis, Evidence, Origin, Party, Ruling
from streams.judging.facts import Fact
from streams.judging.history import History, pack, pack_fact, pack_history, unpack_history
from streams.judging.policy import Attributes, Policy

_UNDELIVERED: Final = RULINGS.index(UNDELIVERED)


# Structs are the cheapest classes to create, read and encode. They are stored as arrays of their fields. None of them
# refers to itself, so the garbage collector need not track them.


class _Value(Struct, frozen=True, array_like=True, gc=False):
    """The base of immutable values."""


class _State(Struct, array_like=True, gc=False):
    """The base of mutable state."""


class PromiseKey(NamedTuple):
    """The key of a promise within its case."""

    subject: str
    kind: str
    ordinal: int


class Window(_Value, frozen=True):
    """The time in which delivery is owed: not before `opens` (0: no limit), not after `due`."""

    opens: Instant
    due: Instant


class Ending(_Value, frozen=True):
    """A cancellation or withdrawal."""

    at: Instant
    by: Party


class Promise(_State):
    """A promise in the state of its case.

    amended: the current window, if it differs from the original one.
    started_by: the step that started an assumed promise; empty if the promise was given.
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
        """The window of the current basis."""
        return self.original if self.amended is None else self.amended


class Assignment(_Value, frozen=True):
    """From `at` on, `staff` is in charge of `subject`; of the whole case if that is empty."""

    at: Instant
    subject: str
    staff: str


class RareState(_State):
    """State that few cases have, kept apart so that other cases do not store empty fields.

    stated: the window last stated by a snapshot, for promises where it is not the original window.
    proxies: by subject, the steps whose time is known only by a proxy.
    """

    stated: dict[PromiseKey, Window] = field(default_factory=dict)
    proxies: dict[str, list[str]] = field(default_factory=dict)


class CaseState(_State):
    """The state of a case after some of its facts.

    steps: by subject and step, the instant at which each step that a policy names was reached.
    cancelled: by subject. assignments: in order of time. attributes: the first named value of each.
    """

    promises: dict[PromiseKey, Promise] = field(default_factory=dict)
    steps: dict[str, dict[str, Instant]] = field(default_factory=dict)
    cancelled: dict[str, Ending] = field(default_factory=dict)
    assignments: list[Assignment] = field(default_factory=list)
    attributes: Attributes = Attributes()
    rare: RareState | None = None

    @property
    def last_due(self) -> Instant:
        """The latest due of all promises on either basis; 0 if there are none."""
        last = 0
        for promise in self.promises.values():
            last = max(last, promise.original.due, promise.current.due)
        return last


class Outcome(_Value, frozen=True):
    """The outcome of a promise on one basis.

    code: the index of the ruling in RULINGS. lateness: actual minus due, signed; None while nothing is delivered.
    """

    code: int
    due: Instant
    lateness: Millis | None
    staff: str

    @property
    def ruling(self) -> Ruling:
        """The verdict and its reason."""
        return RULINGS[self.code]


class Judged(_Value, frozen=True):
    """The last judgement of a promise, and a record of the outputs that are given only once.

    amended: the outcome on the current basis, if it differs from the original one.
    revision: the number of the last published verdict; -1 before the first.
    retracted: the promise is no longer in the history.
    settled, delivered: by basis (original, current), whether it ever had a verdict other than open, and a lateness.
    at_risk, overdue: the due times for which such an alert was raised.
    assumed: whether its delivery is known only by a proxy.
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
        """The evidence for the current outcome."""
        if self.assumed:
            return "assumed"
        return "deadline" if self.current.code == _UNDELIVERED else "event"

    def on(self, basis: Basis) -> Outcome:
        """Return the outcome on that basis."""
        return self.original if basis == "original" else self.current


class Change(_Value, frozen=True):
    """A change in the judgement of one promise.

    promise: None if it is no longer in the history; then `after` is the last judgement, retracted.
    before: None if it was never judged.
    """

    key: PromiseKey
    promise: Promise | None
    before: Judged | None
    after: Judged


class Case(_State):
    """A case. Its state contains all facts that happened by the watermark of its partition, as corrected.

    wake_at: the instant at which the judgement next changes without another fact.
    next_fact_at: the instant of the first fact that lies after the watermark.
    last_at: the instant of the last fact. corrected: whether any fact is a correction.
    count, facts: the number of facts, and the facts packed.
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
        """A copy of the facts, in order."""
        return unpack_history(self.facts, self.count)

    def may_contain(self, id: str) -> bool:
        """Return False if the history has no fact with that id, True if it may have one, like a Bloom filter."""
        return pack(id) in self.facts

    def append(self, fact: Fact) -> None:
        """Append a fact that is later than all others."""
        self.facts += pack_fact(fact)
        self.count += 1
        self.last_at = fact.at

    def replace_history(self, history: History) -> None:
        """Replace the history by another one, which is not empty."""
        self.facts = pack_history(history)
        self.count = len(history)
        self.last_at = history[-1].at


OPEN_CODES: Final = frozenset(code for code, ruling in enumerate(RULINGS) if ruling.verdict == "open")
"""The codes of the rulings with the verdict open."""
