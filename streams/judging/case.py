"""A case: its history, its standing (how far that is folded), and what was last judged of it.

The standing follows from the history alone and can always be made again from it; what was judged depends on when it
was judged, and is kept to say what changed since.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.instants import NEVER, Instant
from schemas.words import Basis, Origin, Party, Ruling
from streams.judging.history import History
from streams.judging.policy import Attributes, Millis, Policy


class PromiseKey(NamedTuple):
    """Which promise of a case."""

    subject: str
    kind: str
    ordinal: int


class Window(NamedTuple):
    """When delivery is owed: not before `opens` (0: at any time), not after `due`."""

    opens: Instant
    due: Instant


class Ending(NamedTuple):
    """A cancellation or withdrawal."""

    at: Instant
    by: Party


NOT_ENDED = Ending(NEVER, "us")


@dataclass(slots=True)
class Promise:
    """A promise as far as its case is folded. `started_by` is the step behind an assumed one; empty: it was given."""

    key: PromiseKey
    policy: Policy
    made_at: Instant
    origin: Origin
    location: str
    original: Window
    current: Window
    started_by: str = ""
    withdrawn: Ending = NOT_ENDED


class Hand(NamedTuple):
    """From `at` on, `staff` had `subject` in hand."""

    at: Instant
    subject: str
    staff: str


@dataclass(slots=True)
class Standing:
    """How a case stands after some of its facts.

    steps: when each step that a policy reads was reached, by subject and step. cancelled: by subject.
    hands: in order of time. attributes: the first named of each.
    """

    promises: dict[PromiseKey, Promise] = field(default_factory=dict)
    steps: dict[tuple[str, str], Instant] = field(default_factory=dict)
    cancelled: dict[str, Ending] = field(default_factory=dict)
    hands: list[Hand] = field(default_factory=list)
    attributes: Attributes = field(default_factory=Attributes)


class Outcome(NamedTuple):
    """How a promise stands on one basis. lateness: actual minus due, signed; None while nothing was delivered."""

    ruling: Ruling
    due: Instant
    lateness: Millis | None
    staff: str


class Judged(NamedTuple):
    """What was last said of a promise, and what was ever said that is said only once.

    revision: the number of its last published verdict; -1 before the first. retracted: the history holds it no longer.
    settled, delivered: by basis (original, current), whether a first verdict other than open, and a first lateness, was
    ever given. at_risk, overdue: the dues of which that was ever said.
    """

    original: Outcome
    current: Outcome
    location: str
    revision: int = -1
    retracted: bool = False
    settled: tuple[bool, bool] = (False, False)
    delivered: tuple[bool, bool] = (False, False)
    at_risk: tuple[Instant, ...] = ()
    overdue: tuple[Instant, ...] = ()

    def on(self, basis: Basis) -> Outcome:
        """The outcome on that basis."""
        return self.original if basis == "original" else self.current


@dataclass(slots=True)
class Case:
    """All that is known of one case. The standing holds the first `folded` facts of the history, as corrected.

    corrected: whether any fact is a correction. more_at: when a fact that is known, but lies ahead of the clock, will
    have happened. wake_at: when the judgement next changes by itself.
    """

    history: History = field(default_factory=list)
    standing: Standing = field(default_factory=Standing)
    judged: dict[PromiseKey, Judged] = field(default_factory=dict)
    folded: int = 0
    corrected: bool = False
    more_at: Instant = NEVER
    wake_at: Instant = NEVER
