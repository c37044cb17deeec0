"""The counts of one partition: promises by their present verdict (net), and first verdicts and revisions (counters).

In every row, on each basis and for every verdict: first verdicts + revised into it - revised out of it = net. For the
verdict `open`, the first verdicts are the promises made minus all other first verdicts of the row.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Final, cast

import msgspec

from schemas.instants import Instant
from streams.judging.case import Change, Judged, Outcome
from streams.state import changelog
from streams.state.changelog import Cell
from streams.state.rows import (
    BROKEN,
    KEPT,
    LATENESS_BOUNDS,
    NONE,
    OPEN,
    STAFF_COUNTS,
    STAFF_JUDGED,
    VERDICT_OF,
    CountRow,
    revision_index,
)
from streams.state.windows import BOTH, CURRENT, ORIGINAL, Label, Windows

_SAME_ON_BOTH: Final = ((False, False), (True, True))
_DUE: Final = (KEPT, BROKEN)
_BOUNDS: Final = tuple(bound * 1000 for bound in LATENESS_BOUNDS)


class PromiseCounts:
    """All counts that follow from changes of judgements."""

    def __init__(self) -> None:
        self.rows: dict[Label, CountRow] = {}
        self.windows = Windows()
        self._dirty: list[CountRow | Cell] = []
        self._find = cast("Callable[[tuple[str, str]], CountRow | None]", self.rows.get)
        """Looks up a row by a plain tuple, which equals its label and is created in a third of the time."""

    def add(self, change: Change) -> None:
        """Count a change in the judgement of one promise."""
        before, after, kind = change.before, change.after, change.key.kind
        source = target = None
        if before is None:
            target = self._row(after.location, kind)
            target.made += 1
        elif not before.retracted:
            source = target = self._row(before.location, kind)
        if after.retracted:
            target = None
        elif source is None or after.location != source.label.location:
            target = self._row(after.location, kind)
        if after.amended is None and (before is None or _has_one_basis(before)):
            self._move(BOTH, source, target, before, after)
        else:
            self._move(ORIGINAL, source, target, before, after)
            self._move(CURRENT, source, target, before, after)

    def _move(
        self, part: int, source: CountRow | None, target: CountRow | None, before: Judged | None, after: Judged
    ) -> None:
        """Count the move of a promise in one part of the counts: from one row to another, or within a row."""
        old = None if before is None else before.current if part == CURRENT else before.original
        new = after.current if part == CURRENT else after.original
        old_verdict = OPEN
        if source is not None and old is not None:
            if source is target and old == new:
                return  # only the other basis changed
            old_verdict = VERDICT_OF[old.code]
            source.of_part(part).net[old.code] -= 1
            if source is not target:
                _revise(part, source, old_verdict, NONE)
        if target is not None:
            if source is not target and before is not None:
                _revise(part, target, NONE, old_verdict)
            _count_target(part, target, old_verdict, before, new)
        if source is None or source is not target or old is None or not _counts_alike(old, new):
            self._count_further(part, source, old, -1)
            self._count_further(part, target, new, 1)

    def _count_further(self, part: int, row: CountRow | None, outcome: Outcome | None, sign: int) -> None:
        if row is None or outcome is None:
            return
        verdict = VERDICT_OF[outcome.code]
        cell = row.staff.get(outcome.staff) or row.of_staff(outcome.staff)
        counts = cell.counts
        counts[part * STAFF_COUNTS + verdict] += sign
        if not cell.is_dirty:
            cell.is_dirty = True
            self._dirty.append(cell)
        if verdict != OPEN:
            counts[STAFF_JUDGED] = 1
            if verdict in _DUE:
                self.windows.add(row.label, part, outcome.due, sign if verdict == KEPT else 0, sign)

    def _row(self, location: str, kind: str) -> CountRow:
        """Return a row that is about to change."""
        row = self._find((location, kind))
        if row is None:
            label = Label(location, kind)
            row = self.rows[label] = CountRow.of(label)
        row.copy = None
        if not row.is_dirty:
            row.is_dirty = True
            self._dirty.append(row)
        return row

    def copied_rows(self) -> dict[Label, CountRow]:
        """Return copies of all rows, for a reader in another thread. Only rows that changed are copied again."""
        return {label: row.copy or row.copied() for label, row in self.rows.items()}

    @property
    def dirty(self) -> int:
        """The minimum number of records of the next changes."""
        return len(self._dirty) + self.windows.dirty

    def changes(self) -> Iterator[changelog.ChangelogRecord]:
        """Yield the records of all counts that changed since the last call."""
        yield from changelog.take_changes(self._dirty)
        self._dirty.clear()
        yield from self.windows.changes()

    def restore(self, contents: changelog.Contents, clock: Instant) -> None:
        """Restore the counts from the changelog of a partition whose watermark was `clock`."""
        for key, stored in contents.rows.items():
            row = CountRow.of(Label(*_read_label(key)))
            row.restore(stored)
            self.rows[row.label] = row
        for key, stored in contents.staff.items():
            location, kind, staff = _read_staff(key)
            _, self.rows[Label(location, kind)].of_staff(staff).counts = changelog.read_cell(stored)
        self.windows.restore(contents.cells, clock)


_read_label: Final = msgspec.json.Decoder(tuple[str, str]).decode
_read_staff: Final = msgspec.json.Decoder(tuple[str, str, str]).decode


def _has_one_basis(judged: Judged) -> bool:
    """Return whether a promise has been counted alike on both bases so far."""
    return judged.amended is None and judged.settled in _SAME_ON_BOTH and judged.delivered in _SAME_ON_BOTH


def _counts_alike(old: Outcome, new: Outcome) -> bool:
    """Return whether two outcomes differ at most in their reason."""
    return VERDICT_OF[old.code] == VERDICT_OF[new.code] and old.staff == new.staff and old.due == new.due


def _count_target(part: int, row: CountRow, old_verdict: int, before: Judged | None, outcome: Outcome) -> None:
    """Count the new outcome of a promise, whose verdict was `old_verdict`, in a row."""
    code, basis = outcome.code, part == CURRENT
    verdict, counts = VERDICT_OF[code], row.of_part(part)
    counts.net[code] += 1
    counts.seen |= 1 << code
    if verdict != OPEN and (before is None or not before.settled[basis]):
        counts.first[verdict] += 1
    elif verdict != old_verdict:
        _revise(part, row, old_verdict, verdict)
    if outcome.lateness is not None and (before is None or not before.delivered[basis]):
        counts.lateness[bisect_left(_BOUNDS, outcome.lateness)] += 1


def _revise(part: int, row: CountRow, before: int, after: int) -> None:
    row.of_part(part).revised[revision_index(before, after)] += 1
