"""The counts of one partition: how promises stand now (net), and how often that was said and changed (counters).

A row belongs to one location, kind and basis. In every row and for every verdict: first verdicts + revised into it -
revised out of it = net. For `open`, what counts as first is promises made less the first verdicts of the row. `none`
stands for "not in this row": a promise that moved to another location, or that the history no longer holds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from schemas.instants import Instant
from schemas.words import BASES, Basis, Ruling, Verdict
from streams.book import changelog
from streams.book.windows import Label, Windows
from streams.judging.case import Change, Outcome

Held = Verdict | Literal["none"]

LATENESS_BOUNDS: Final = (-3600, -900, -300, -60, 0, 60, 300, 900, 3600, 14400)
"""Upper bounds of the lateness histogram in seconds; the promises kept on time are those up to 0."""


@dataclass(slots=True)
class Row:
    """Counts of one location, kind and basis. staff: promises by who answers for them and verdict. lateness: promises
    by the first bound that their lateness, when they were first delivered, did not exceed; the last place has those
    above all bounds."""

    label: Label
    made: int = 0
    net: Counter[Ruling] = field(default_factory=Counter)
    first: Counter[Verdict] = field(default_factory=Counter)
    revised: Counter[tuple[Held, Held]] = field(default_factory=Counter)
    staff: Counter[tuple[str, Verdict]] = field(default_factory=Counter)
    lateness: list[int] = field(default_factory=lambda: [0] * (len(LATENESS_BOUNDS) + 1))

    def add(self, other: Row) -> None:
        """Add the counts of `other`, such as the same row of another partition."""
        self.made += other.made
        self.net.update(other.net)
        self.first.update(other.first)
        self.revised.update(other.revised)
        self.staff.update(other.staff)
        self.lateness = [mine + theirs for mine, theirs in zip(self.lateness, other.lateness, strict=True)]

    def revise(self, before: Held, after: Held) -> None:
        """Count a verdict that changed."""
        if before != after:
            self.revised[before, after] += 1


class Tally:
    """All counts that follow from judgements: fed with changes, and with nothing else."""

    def __init__(self) -> None:
        self.rows: dict[Label, Row] = {}
        self.windows = Windows()
        self._touched: set[Label] = set()
        self._copies: dict[Label, Row] = {}
        self._dirty: set[Label] = set()

    @property
    def dirty(self) -> int:
        """How many rows and cells changed since their records were last asked for."""
        return len(self._dirty) + self.windows.dirty

    def changes(self) -> Iterator[changelog.Change]:
        """The records of all rows and cells that changed since this was last asked."""
        for label in self._dirty:
            yield changelog.key_of(changelog.ROW, *label), _stored(self.rows[label])
        self._dirty.clear()
        yield from self.windows.changes()

    def restore(self, rows: Mapping[bytes, bytes], cells: Mapping[bytes, bytes], now: Instant) -> None:
        """Take over what a book wrote whose clock stood at `now`."""
        for key, stored in rows.items():
            label = Label(*_read_label(key))
            self.rows[label] = _read_row(label, stored)
        self._touched.update(self.rows)
        self.windows.restore(cells, now)

    def note(self, change: Change) -> None:
        """Count one promise that is judged otherwise than before."""
        before, after, kind = change.before, change.after, change.key.kind
        for number, basis in enumerate(BASES):
            old = new = source = target = None
            if before is not None and not before.retracted:
                source, old = self._row(before.location, kind, basis), before.on(basis)
            if not after.retracted:
                target, new = self._row(after.location, kind, basis), after.on(basis)
            if source is target and old == new:
                continue  # only the other basis changed
            is_first = before is None or not before.settled[number]
            _count_verdicts((source, old), (target, new), is_made=before is None, is_first=is_first)
            self._hold((source, old), (target, new))
            if target is not None and new is not None and not (before is not None and before.delivered[number]):
                _observe_lateness(target, new)

    def _hold(self, before: _Side, after: _Side) -> None:
        """Move a promise from one net count to another."""
        (source, old), (target, new) = before, after
        if source is not None and old is not None:
            source.net[old.ruling] -= 1
        if target is not None and new is not None:
            target.net[new.ruling] += 1
        if source is target and old is not None and new is not None and _counts_alike(old, new):
            return
        self._count_further(before, -1)
        self._count_further(after, 1)

    def _count_further(self, side: _Side, sign: int) -> None:
        row, outcome = side
        if row is None or outcome is None:
            return
        verdict = outcome.ruling.verdict
        row.staff[outcome.staff, verdict] += sign
        if verdict == "kept" or verdict == "broken":
            self.windows.add(row.label, outcome.due, sign * (verdict == "kept"), sign)

    def _row(self, location: str, kind: str, basis: Basis) -> Row:
        label = Label(location, kind, basis)
        row = self.rows.get(label)
        if row is None:
            row = self.rows[label] = Row(label)
        self._touched.add(label)
        self._dirty.add(label)
        return row

    def copied_rows(self) -> dict[Label, Row]:
        """The rows as they are now, for a reader in another thread. Only those that changed are copied again."""
        for label in self._touched:
            copy = self._copies[label] = Row(label)
            copy.add(self.rows[label])
        self._touched.clear()
        return dict(self._copies)


class _StoredRow(msgspec.Struct, array_like=True):
    version: int
    made: int
    net: list[tuple[Ruling, int]]
    first: dict[Verdict, int]
    revised: list[tuple[tuple[Held, Held], int]]
    staff: list[tuple[tuple[str, Verdict], int]]
    lateness: list[int]


_read_label: Final = msgspec.json.Decoder(tuple[str, str, Basis]).decode
_decode_row: Final = msgspec.msgpack.Decoder(_StoredRow).decode


def _stored(row: Row) -> bytes:
    return changelog.encode(
        _StoredRow(
            changelog.VERSION,
            row.made,
            list(row.net.items()),
            row.first,
            list(row.revised.items()),
            list(row.staff.items()),
            row.lateness,
        )
    )


def _read_row(label: Label, stored: bytes) -> Row:
    changelog.check_version("a row of counts", stored)
    row = _decode_row(stored)
    return Row(
        label,
        row.made,
        Counter(dict(row.net)),
        Counter(row.first),
        Counter(dict(row.revised)),
        Counter(dict(row.staff)),
        row.lateness,
    )


_Side = tuple[Row | None, Outcome | None]
"""One side of a change: where the promise is counted, and as what; nothing where it is not."""


def _counts_alike(old: Outcome, new: Outcome) -> bool:
    """Whether two outcomes differ in their reason alone."""
    return old.ruling.verdict == new.ruling.verdict and old.staff == new.staff and old.due == new.due


def _count_verdicts(was: _Side, now: _Side, *, is_made: bool, is_first: bool) -> None:
    """Count the way from one side to the other: out of the old row, into the new one, then to the new verdict.

    is_made: the promise is new. is_first: nothing but open was ever said of it.
    """
    (source, old), (target, new) = was, now
    held: Held = old.ruling.verdict if old else "none"
    if source is not None and source is not target:
        source.revise(held, "none")
    if target is None or new is None:
        return
    if is_made:
        target.made += 1
        held = "open"
    elif source is not target:
        held = "open" if held == "none" else held
        target.revise("none", held)
    verdict = new.ruling.verdict
    if verdict != "open" and is_first:
        target.first[verdict] += 1
    else:
        target.revise(held, verdict)


def _observe_lateness(row: Row, outcome: Outcome) -> None:
    if outcome.lateness is not None:
        row.lateness[bisect_left(LATENESS_BOUNDS, outcome.lateness / 1000)] += 1
