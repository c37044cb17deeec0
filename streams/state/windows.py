"""Rolling counts of the promises that fell due in the last 15 minutes, hour and day: all of them, and those kept.

They are counted by minutes of due time: a window of 15 minutes is the minute of the watermark and the 14 before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from schemas.instants import Instant
from schemas.words import Basis
from streams.state import changelog
from streams.state.changelog import Cell

WIDTHS: Final = {"15m": 15, "1h": 60, "24h": 1440}
"""Minutes in each window."""

_WIDTHS: Final = tuple(WIDTHS.values())
_LONGEST: Final = max(_WIDTHS)
_MINUTE: Final = 60_000

BOTH: Final = 0
ORIGINAL: Final = 1
CURRENT: Final = 2
PARTS: Final = 3
"""The parts of all counts. Most promises have the same outcome on both bases and are counted once, in the first part.
The counts on one basis are the sum of the first part and the part of that basis, which alone may be negative."""

PART_OF: Final[dict[Basis, int]] = {"original": ORIGINAL, "current": CURRENT}
"""The part of each basis."""

CELL_COUNTS: Final = 2 * PARTS
"""The counts of a cell: for each part the promises kept, then the promises due."""

_STARTS: Final = tuple((number * CELL_COUNTS, width) for number, width in enumerate(_WIDTHS))
"""The index at which the sums of each window start, with its minutes."""


class Label(NamedTuple):
    """The labels of a row of counts. Empty text: not known."""

    location: str
    kind: str


class WindowCount(NamedTuple):
    """The promises kept and due in one window, such as 15m, on one basis."""

    window: str
    basis: Basis
    kept: int
    due: int


def by_basis(sums: Sequence[int]) -> list[WindowCount]:
    """Return the counts of every window on each basis from the sums of one label, as `Windows.sums` returns them."""
    return [
        WindowCount(window, basis, sums[start] + sums[start + 2 * part], sums[start + 1] + sums[start + 2 * part + 1])
        for window, (start, _) in zip(WIDTHS, _STARTS, strict=True)
        for basis, part in PART_OF.items()
    ]


class Windows:
    """Cells by minute of due time, and for each window their running sum, which follows the watermark."""

    def __init__(self) -> None:
        self.minute_ends: Instant = 0
        """The end of the minute of the watermark. Before it there is nothing to advance."""
        self._minute = -1
        self._cells: dict[int, dict[Label, Cell]] = {}
        self._sums: dict[Label, list[int]] = {}
        self._dirty: list[Cell] = []
        self._expired: list[bytes] = []

    def sums(self) -> dict[Label, tuple[int, ...]]:
        """Return by label the counts of all windows, each in the order of a cell. Labels without counts are omitted."""
        return {label: tuple(sums) for label, sums in self._sums.items() if any(sums)}

    def add(self, label: Label, part: int, due_at: Instant, kept: int, due: int) -> None:
        """Add to the counts of a part for a promise due at `due_at`; negative numbers take it back.

        A promise older than all windows is ignored.
        """
        minute = due_at // _MINUTE
        age = self._minute - minute
        if age >= _LONGEST:
            return
        cell = self._cell(minute, label)
        if not cell.is_dirty:
            cell.is_dirty = True
            self._dirty.append(cell)
        index = 2 * part
        cell.counts[index] += kept
        cell.counts[index + 1] += due
        if age >= 0:
            sums = self._sums_of(label)
            for start, width in _STARTS:
                if age < width:
                    sums[start + index] += kept
                    sums[start + index + 1] += due

    def advance(self, now: Instant) -> None:
        """Advance every window to `now`."""
        minute = now // _MINUTE
        if minute <= self._minute:
            return
        before, self._minute = self._minute, minute
        self.minute_ends = (minute + 1) * _MINUTE
        for start, width in _STARTS:
            self._add_minutes(start, range(before + 1, minute + 1), 1)
            self._add_minutes(start, range(before - width + 1, minute - width + 1), -1)
        for expired in self._minutes_with_cells(range(before - _LONGEST + 1, minute - _LONGEST + 1)):
            self._expired += [cell.key for cell in self._cells.pop(expired).values()]

    @property
    def dirty(self) -> int:
        """The number of cells that changed since they were last written.

        Expired cells do not count: they are deleted along with the next change.
        """
        return len(self._dirty)

    def changes(self) -> Iterator[changelog.ChangelogRecord]:
        """Yield the records of all cells that changed or expired since the last call."""
        yield from changelog.take_changes(self._dirty)
        yield from ((key, None) for key in self._expired)
        self._dirty.clear()
        self._expired.clear()

    def restore(self, records: Mapping[bytes, bytes], now: Instant) -> None:
        """Restore the cells from the changelog of a partition whose watermark was `now`."""
        for key, stored in records.items():
            minute, location, kind = _read_key(key)
            _, self._cell(minute, Label(location, kind)).counts = changelog.read_cell(stored)
        self.advance(now)

    def _cell(self, minute: int, label: Label) -> Cell:
        of_minute = self._cells.get(minute)
        if of_minute is None:
            of_minute = self._cells[minute] = {}
        cell = of_minute.get(label)
        if cell is None:
            key = changelog.count_key(changelog.CELL, minute, *label)
            cell = of_minute[label] = Cell(key, [0] * CELL_COUNTS)
        return cell

    def _sums_of(self, label: Label) -> list[int]:
        sums = self._sums.get(label)
        if sums is None:
            sums = self._sums[label] = [0] * (len(_WIDTHS) * CELL_COUNTS)
        return sums

    def _add_minutes(self, start: int, minutes: range, sign: int) -> None:
        """Add the cells of `minutes` to the window whose sums start at `start`, or subtract them."""
        for minute in self._minutes_with_cells(minutes):
            for label, cell in self._cells[minute].items():
                sums = self._sums_of(label)
                for index, count in enumerate(cell.counts, start):
                    if count:
                        sums[index] += sign * count

    def _minutes_with_cells(self, minutes: range) -> Iterable[int]:
        """Return the minutes of a range that have cells, by iterating over the shorter of the two."""
        if len(minutes) < len(self._cells):
            return [minute for minute in minutes if minute in self._cells]
        return [minute for minute in self._cells if minute in minutes]


_read_key: Final = msgspec.json.Decoder(tuple[int, str, str]).decode
