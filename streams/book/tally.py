"""The counts of one partition: how promises stand now (net), and how often that was said and changed (counters).

In every row, on each basis and for every verdict: first verdicts + revised into it - revised out of it = net. For
`open`, what counts as first is promises made less the first verdicts of the row.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from streams.book import cells, changelog
from streams.book.cells import Cell
from streams.book.rows import BROKEN, KEPT, NONE, OPEN, PER_BASIS, STAFF_JUDGED, VERDICT_OF, Row, way
from streams.book.windows import Label, Windows
from streams.judging.case import Change, Judged, Outcome

_Bases = tuple[int, ...]
_ORIGINAL: Final = (0,)
_CURRENT: Final = (1,)
_BOTH: Final = (0, 1)
"""Positions in schemas.words.BASES. Most promises are never amended: what holds on both bases is found out once."""


class Tally:
    """All counts that follow from judgements: fed with changes, and with nothing else."""

    def __init__(self) -> None:
        self.rows: dict[Label, Row] = {}
        self.windows = Windows()
        self._dirty: list[Row | Cell] = []

    def note(self, change: Change) -> None:
        """Count one promise that is judged otherwise than before."""
        before, after, kind = change.before, change.after, change.key.kind
        source = self._row(before.location, kind) if before and not before.retracted else None
        target = self._row(after.location, kind) if not after.retracted else None
        if before is None and target is not None:
            target.made += 1
        if after.original == after.current and (before is None or _is_one(before)):
            self._move(_BOTH, source, target, before, after)
        else:
            self._move(_ORIGINAL, source, target, before, after)
            self._move(_CURRENT, source, target, before, after)

    def _move(
        self, bases: _Bases, source: Row | None, target: Row | None, before: Judged | None, after: Judged
    ) -> None:
        """Count the way of a promise on bases on which it is the same: out of a row, into another, or within one."""
        number = bases[0]
        old = None if before is None else before.current if number else before.original
        new = after.current if number else after.original
        if source is target and old == new:
            return  # only the other basis changed
        held = OPEN
        if source is not None and old is not None:
            held = _let_go(bases, source, old, for_good=source is not target)
        if target is not None:
            if source is not target and before is not None:
                _revise(bases, target, NONE, held)
            _hold(bases, target, held, before, new)
        if source is not target or old is None or not _counts_alike(old, new):
            self._count_further(bases, source, old, -1)
            self._count_further(bases, target, new, 1)

    def _count_further(self, bases: _Bases, row: Row | None, outcome: Outcome | None, sign: int) -> None:
        if row is None or outcome is None:
            return
        verdict = VERDICT_OF[outcome.code]
        cell = row.of_staff(outcome.staff)
        for basis in bases:
            cell.counts[basis * PER_BASIS + verdict] += sign
        if verdict != OPEN:
            cell.counts[STAFF_JUDGED] = 1
        if not cell.is_dirty:
            cell.is_dirty = True
            self._dirty.append(cell)
        if verdict in (KEPT, BROKEN):
            self.windows.add(row.label, bases, outcome.due, sign * (verdict == KEPT), sign)

    def _row(self, location: str, kind: str) -> Row:
        """The row, which is about to change."""
        label = Label(location, kind)
        row = self.rows.get(label)
        if row is None:
            row = self.rows[label] = Row.of(label)
        row.copy = None
        if not row.is_dirty:
            row.is_dirty = True
            self._dirty.append(row)
        return row

    def copied_rows(self) -> dict[Label, Row]:
        """The rows as they are now, for a reader in another thread. Only those that changed are copied again."""
        return {label: row.copy or row.copied() for label, row in self.rows.items()}

    @property
    def dirty(self) -> int:
        """How many records the next changes have at least."""
        return len(self._dirty) + self.windows.dirty

    def changes(self) -> Iterator[changelog.Change]:
        """The records of all counts that changed since this was last asked."""
        yield from cells.written(self._dirty)
        self._dirty.clear()
        yield from self.windows.changes()

    def restore(self, contents: changelog.Contents) -> None:
        """Take over the counts that a book wrote."""
        for key, stored in contents.rows.items():
            row = Row.of(Label(*_read_label(key)))
            row.restore(stored)
            self.rows[row.label] = row
        for key, stored in contents.staff.items():
            location, kind, staff = _read_staff(key)
            _, self.rows[Label(location, kind)].of_staff(staff).counts = cells.read(stored)
        self.windows.restore(contents.cells, contents.head.clock)


_read_label: Final = msgspec.json.Decoder(tuple[str, str]).decode
_read_staff: Final = msgspec.json.Decoder(tuple[str, str, str]).decode


def _is_one(judged: Judged) -> bool:
    """Whether the two bases have been the same so far."""
    settled, delivered = judged.settled, judged.delivered
    return judged.original == judged.current and settled[0] == settled[1] and delivered[0] == delivered[1]


def _counts_alike(old: Outcome, new: Outcome) -> bool:
    """Whether two outcomes differ in their reason alone."""
    return VERDICT_OF[old.code] == VERDICT_OF[new.code] and old.staff == new.staff and old.due == new.due


def _let_go(bases: _Bases, row: Row, outcome: Outcome, *, for_good: bool) -> int:
    """Take a promise out of the net counts of a row; the verdict at which it stood there."""
    ruling = outcome.code
    verdict = VERDICT_OF[ruling]
    for basis in bases:
        row.bases[basis].net[ruling] -= 1
    if for_good:
        _revise(bases, row, verdict, NONE)
    return verdict


def _hold(bases: _Bases, row: Row, held: int, before: Judged | None, outcome: Outcome) -> None:
    """Put a promise, held as `held` until now, into the counts of a row."""
    ruling, number = outcome.code, bases[0]
    is_first = before is None or not before.settled[number]
    for basis in bases:
        row.bases[basis].hold(ruling, held, is_first=is_first)
    if outcome.lateness is not None and not (before and before.delivered[number]):
        for basis in bases:
            row.bases[basis].deliver(outcome.lateness)


def _revise(bases: _Bases, row: Row, before: int, after: int) -> None:
    for basis in bases:
        row.bases[basis].revised[way(before, after)] += 1
