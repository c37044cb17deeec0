"""The counts of one partition: how promises stand now (net), and how often that was said and changed (counters).

A row belongs to one location, kind and basis. In every row and for every verdict: first verdicts + revised into it -
revised out of it = net; with promises made as the first of `open`. `none` stands for "not in this row": a promise that
moved to another location, or that the history no longer holds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Literal

from schemas.words import BASES, Basis, Ruling, Verdict
from streams.book.windows import Label, Windows
from streams.judging.case import Judged, Outcome
from streams.judging.settle import Change

Held = Verdict | Literal["none"]

LATENESS_BOUNDS: Final = (-3600, -900, -300, -60, 0, 60, 300, 900, 3600, 14400)
"""Upper bounds of the lateness histogram in seconds; the promises kept on time are those up to 0."""


@dataclass(slots=True)
class Row:
    """Counts of one location, kind and basis. lateness: promises by the first bound that their lateness, when they
    were first delivered, did not exceed; the last place has those above all bounds."""

    made: int = 0
    net: Counter[Ruling] = field(default_factory=Counter)
    first: Counter[Verdict] = field(default_factory=Counter)
    revised: Counter[tuple[Held, Held]] = field(default_factory=Counter)
    lateness: list[int] = field(default_factory=lambda: [0] * (len(LATENESS_BOUNDS) + 1))

    def copy(self) -> Row:
        """A row of its own with these counts."""
        return Row(self.made, Counter(self.net), Counter(self.first), Counter(self.revised), list(self.lateness))

    def add(self, other: Row) -> None:
        """Add the counts of `other`, such as the same row of another partition."""
        self.made += other.made
        self.net.update(other.net)
        self.first.update(other.first)
        self.revised.update(other.revised)
        self.lateness = [mine + theirs for mine, theirs in zip(self.lateness, other.lateness, strict=True)]

    def revise(self, before: Held, after: Held) -> None:
        """Count a verdict that changed."""
        if before != after:
            self.revised[before, after] += 1


class Tally:
    """All counts that follow from judgements: fed with changes, and with nothing else."""

    def __init__(self) -> None:
        self.rows: dict[Label, Row] = {}
        self.staff: Counter[tuple[Label, str, Verdict]] = Counter()
        self.windows = Windows()
        self._touched: set[Label] = set()
        self._copies: dict[Label, Row] = {}

    def copied_rows(self) -> dict[Label, Row]:
        """The rows as they are now, for a reader in another thread. Only those that changed are copied again."""
        for label in self._touched:
            self._copies[label] = self.rows[label].copy()
        self._touched.clear()
        return dict(self._copies)

    def note(self, change: Change) -> None:
        """Count one promise that is judged otherwise than before."""
        kind = change.key.kind
        for basis in BASES:
            before, after = _side(change.before, kind, basis), _side(change.after, kind, basis)
            self._count_verdicts(change, before, after, basis)
            if before is not None:
                self._hold(before, -1)
            if after is not None:
                self._hold(after, 1)
                self._observe_lateness(change.before, after, basis)

    def _count_verdicts(self, change: Change, before: _Side | None, after: _Side | None, basis: Basis) -> None:
        """Count the way from one side to the other: out of the old row, into the new one, then to the new verdict."""
        held: Held = before.verdict if before else "none"
        if before is not None and (after is None or after.label != before.label):
            self._row(before.label).revise(held, "none")
        if after is None:
            return
        row = self._row(after.label)
        if change.before is None:
            row.made += 1
            held = "open"
        elif before is None or before.label != after.label:
            held = "open" if before is None else held
            row.revise("none", held)
        if after.verdict != "open" and not _was_settled(change.before, basis):
            row.first[after.verdict] += 1
        else:
            row.revise(held, after.verdict)

    def _hold(self, side: _Side, sign: int) -> None:
        outcome, verdict = side.outcome, side.verdict
        self._row(side.label).net[outcome.ruling] += sign
        key = side.label, outcome.staff, verdict
        self.staff[key] += sign
        if not self.staff[key] and verdict == "open":
            del self.staff[key]  # whoever only held a promise for a while leaves no trace
        if verdict in ("kept", "broken"):
            self.windows.add(side.label, outcome.due, sign * (verdict == "kept"), sign)

    def _observe_lateness(self, before: Judged | None, after: _Side, basis: Basis) -> None:
        known = before is not None and _outcome(before, basis).lateness is not None
        if after.outcome.lateness is not None and not known:
            place = bisect_left(LATENESS_BOUNDS, after.outcome.lateness / 1000)
            self._row(after.label).lateness[place] += 1

    def _row(self, label: Label) -> Row:
        row = self.rows.get(label)
        if row is None:
            row = self.rows[label] = Row()
        self._touched.add(label)
        return row


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a change on one basis: where the promise is counted, and as what."""

    label: Label
    outcome: Outcome

    @property
    def verdict(self) -> Verdict:
        return self.outcome.ruling.verdict


def _side(judged: Judged | None, kind: str, basis: Basis) -> _Side | None:
    if judged is None or judged.retracted:
        return None
    return _Side(Label(judged.location, kind, basis), _outcome(judged, basis))


def _outcome(judged: Judged, basis: Basis) -> Outcome:
    return judged.original if basis == "original" else judged.current


def _was_settled(before: Judged | None, basis: Basis) -> bool:
    if before is None:
        return False
    return before.original_settled if basis == "original" else before.current_settled
