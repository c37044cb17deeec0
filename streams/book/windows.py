"""Rolling counts: of the promises that fell due in the last 15 minutes, hour and day, how many were kept.

Counted in whole minutes of due time: a window of 15 minutes is the minute of the clock and the 14 before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import msgspec

from schemas.instants import Instant
from schemas.words import Basis
from streams.book import changelog

WIDTHS: Final = {"15m": 15, "1h": 60, "24h": 1440}
"""Minutes in each window."""

_LONGEST: Final = max(WIDTHS.values())
_MINUTE: Final = 60_000


class Label(NamedTuple):
    """What counts are kept by. Empty text: not known."""

    location: str
    kind: str
    basis: Basis


class Due:
    """Promises that fell due and were judged kept or broken, and how many of them were kept."""

    __slots__ = ("due", "kept")

    def __init__(self) -> None:
        self.kept = 0
        self.due = 0


class Windows:
    """Cells by minute of due time, and for each window their running sum, moved along by the clock."""

    def __init__(self) -> None:
        self._minute = 0
        self._cells: dict[int, dict[Label, Due]] = {}
        self._sums: dict[str, dict[Label, Due]] = {name: {} for name in WIDTHS}
        self._dirty: set[tuple[int, Label]] = set()
        self._gone: set[tuple[int, Label]] = set()

    @property
    def dirty(self) -> int:
        """How many cells changed that still count."""
        return len(self._dirty)

    def changes(self) -> Iterator[changelog.Change]:
        """The records of all cells that changed, and of those that went by since the last change was asked for."""
        for minute, label in self._dirty - self._gone:
            cell = self._cells[minute][label]
            yield _key(minute, label), changelog.encode((changelog.VERSION, cell.kept, cell.due))
        yield from ((_key(minute, label), None) for minute, label in self._gone)
        self._dirty.clear()
        self._gone.clear()

    def restore(self, records: Mapping[bytes, bytes], now: Instant) -> None:
        """Take over the cells that a book wrote whose clock stood at `now`."""
        for key, stored in records.items():
            minute, location, kind, basis = _read_key(key)
            changelog.check_version("a cell of a window", stored)
            _, kept, due = _read_cell(stored)
            _add(self._cells.setdefault(minute, {}), Label(location, kind, basis), kept, due)
        self.move(now)

    def sums(self) -> dict[str, dict[Label, tuple[int, int]]]:
        """For each window, by label: promises kept, and promises due. Labels of which nothing was due are left out."""
        return {
            name: {label: (cell.kept, cell.due) for label, cell in sums.items() if cell.due}
            for name, sums in self._sums.items()
        }

    def add(self, label: Label, due_at: Instant, kept: int, due: int) -> None:
        """Count a promise due at `due_at`, or with negative numbers take it back. What left all windows is gone."""
        minute = due_at // _MINUTE
        if minute <= self._minute - _LONGEST:
            return
        _add(self._cells.setdefault(minute, {}), label, kept, due)
        self._dirty.add((minute, label))
        if minute <= self._minute:
            for name, width in WIDTHS.items():
                if self._minute - width < minute:
                    _add(self._sums[name], label, kept, due)

    def move(self, now: Instant) -> None:
        """Move every window along to `now`."""
        minute = now // _MINUTE
        if minute <= self._minute:
            return
        before, self._minute = self._minute, minute
        for name, width in WIDTHS.items():
            self._sum(self._sums[name], range(before + 1, minute + 1), 1)
            self._sum(self._sums[name], range(before - width + 1, minute - width + 1), -1)
        for gone in self._within(range(before - _LONGEST + 1, minute - _LONGEST + 1)):
            self._gone.update((gone, label) for label in self._cells.pop(gone))

    def _sum(self, sums: dict[Label, Due], minutes: range, sign: int) -> None:
        for minute in self._within(minutes):
            for label, cell in self._cells[minute].items():
                _add(sums, label, sign * cell.kept, sign * cell.due)

    def _within(self, minutes: range) -> Iterable[int]:
        """The minutes of a range that have cells, by the shorter way."""
        if len(minutes) < len(self._cells):
            return [minute for minute in minutes if minute in self._cells]
        return [minute for minute in self._cells if minute in minutes]


_read_key: Final = msgspec.json.Decoder(tuple[int, str, str, Basis]).decode
_read_cell: Final = msgspec.msgpack.Decoder(tuple[int, int, int]).decode


def _key(minute: int, label: Label) -> bytes:
    return changelog.key_of(changelog.CELL, minute, *label)


def _add(cells: dict[Label, Due], label: Label, kept: int, due: int) -> None:
    cell = cells.get(label)
    if cell is None:
        cell = cells[label] = Due()
    cell.kept += kept
    cell.due += due
