"""Rolling counts: of the promises that fell due in the last 15 minutes, hour and day, how many were kept.

Counted in whole minutes of due time: a window of 15 minutes is the minute of the clock and the 14 before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import msgspec

from schemas.instants import Instant
from streams.state import changelog
from streams.state.changelog import Cell

WIDTHS: Final = {"15m": 15, "1h": 60, "24h": 1440}
"""Minutes in each window."""

_WIDTHS: Final = tuple(WIDTHS.values())
_LONGEST: Final = max(_WIDTHS)
_MINUTE: Final = 60_000

CELL_COUNTS: Final = 6
"""Counts of a cell: for each part of all counts (see rows) promises kept, then promises due."""

_STARTS: Final = tuple((number * CELL_COUNTS, width) for number, width in enumerate(_WIDTHS))
"""Where the sums of each window start, with its minutes."""


class Label(NamedTuple):
    """What counts are kept by. Empty text: not known."""

    location: str
    kind: str


class Windows:
    """Cells by minute of due time, and for each window their running sum, moved along by the clock."""

    def __init__(self) -> None:
        self.minute_ends: Instant = 0
        """When the minute of the clock is over: not before then is there anything to move."""
        self._minute = -1
        self._cells: dict[int, dict[Label, Cell]] = {}
        self._sums: dict[Label, list[int]] = {}
        self._dirty: list[Cell] = []
        self._expired: list[bytes] = []

    def sums(self) -> dict[Label, tuple[int, ...]]:
        """By label the counts of each window in turn, each in the places of a cell. Labels of which nothing was due
        are left out."""
        return {label: tuple(sums) for label, sums in self._sums.items() if any(sums)}

    def add(self, label: Label, part: int, due_at: Instant, kept: int, due: int) -> None:
        """Count a promise due at `due_at` in that part, or with negative numbers take it back. What left all windows
        is gone."""
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
        """Move every window along to `now`."""
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
        """How many cells changed since they were last written. Those that went by wait for the next that changes."""
        return len(self._dirty)

    def changes(self) -> Iterator[changelog.Change]:
        """The records of all cells that changed, and of those that went by, since this was last asked."""
        yield from changelog.take_changes(self._dirty)
        yield from ((key, None) for key in self._expired)
        self._dirty.clear()
        self._expired.clear()

    def restore(self, records: Mapping[bytes, bytes], now: Instant) -> None:
        """Take over the cells that a book wrote whose clock stood at `now`."""
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
        """Add the cells of `minutes` to the window whose sums start there, or take them out."""
        for minute in self._minutes_with_cells(minutes):
            for label, cell in self._cells[minute].items():
                sums = self._sums_of(label)
                for index, count in enumerate(cell.counts, start):
                    if count:
                        sums[index] += sign * count

    def _minutes_with_cells(self, minutes: range) -> Iterable[int]:
        """The minutes of a range that have cells, by the shorter way."""
        if len(minutes) < len(self._cells):
            return [minute for minute in minutes if minute in self._cells]
        return [minute for minute in self._cells if minute in minutes]


_read_key: Final = msgspec.json.Decoder(tuple[int, str, str]).decode
