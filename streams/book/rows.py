"""The rows of the tally. A row has the counts of one location and kind, apart for each basis.

Inside, verdicts and rulings are numbers: their positions in the tables of schemas.words, to which is only ever
appended. Whoever shows a row gives them their names.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from schemas.words import RULINGS, VERDICTS, Verdict
from streams.book import changelog
from streams.book.cells import Cell
from streams.book.windows import Label
from streams.judging.policy import Millis

Held = Verdict | Literal["none"]
HELD: Final[tuple[Held, ...]] = (*VERDICTS, "none")
"""As what a row may hold a promise. `none` stands for "not in this row": a promise that moved to another location, or
that the history no longer holds."""

KEPT: Final = VERDICTS.index("kept")
BROKEN: Final = VERDICTS.index("broken")
OPEN: Final = VERDICTS.index("open")
NONE: Final = HELD.index("none")

VERDICT_OF: Final = tuple(VERDICTS.index(ruling.verdict) for ruling in RULINGS)
"""The verdict of each ruling."""

LATENESS_BOUNDS: Final = (-3600, -900, -300, -60, 0, 60, 300, 900, 3600, 14400)
"""Upper bounds of the lateness histogram in seconds; the promises kept on time are those up to 0."""

_BOUNDS: Final = tuple(bound * 1000 for bound in LATENESS_BOUNDS)

PER_BASIS: Final = len(VERDICTS)
"""Counts of a staff member on one basis, by verdict: first those on the original basis, then those on the current."""

STAFF_JUDGED: Final = 2 * PER_BASIS
"""The place after them: 1 once any promise of that staff member was judged other than open."""


def way(before: int, after: int) -> int:
    """The place at which revisions from one held verdict to another are counted."""
    return before * len(HELD) + after


class Counts(msgspec.Struct, array_like=True, gc=False):
    """Counts of a row on one basis.

    net: promises as they stand, by ruling. first: first verdicts. revised: verdicts that changed, by `way`.
    lateness: promises by the first bound that their lateness, when they were first delivered, did not exceed; the last
    place has those above all bounds. seen: a bit for each ruling that ever stood.
    """

    net: list[int]
    first: list[int]
    revised: list[int]
    lateness: list[int]
    seen: int = 0

    def hold(self, ruling: int, held: int, *, is_first: bool) -> None:
        """A promise that was held as `held` now stands at `ruling`. is_first: nothing but open was ever said of it."""
        self.net[ruling] += 1
        self.seen |= 1 << ruling
        verdict = VERDICT_OF[ruling]
        if is_first and verdict != OPEN:
            self.first[verdict] += 1
        elif verdict != held:
            self.revised[way(held, verdict)] += 1

    def deliver(self, lateness: Millis) -> None:
        """A promise was delivered for the first time."""
        self.lateness[bisect_left(_BOUNDS, lateness)] += 1

    def add(self, other: Counts) -> None:
        """Add the counts of `other`."""
        self.net = _sums(self.net, other.net)
        self.first = _sums(self.first, other.first)
        self.revised = _sums(self.revised, other.revised)
        self.lateness = _sums(self.lateness, other.lateness)
        self.seen |= other.seen

    def copied(self) -> Counts:
        """The same counts, apart."""
        return Counts(self.net[:], self.first[:], self.revised[:], self.lateness[:], self.seen)


def _no_counts() -> Counts:
    return Counts([0] * len(RULINGS), [0] * len(VERDICTS), [0] * len(HELD) ** 2, [0] * (len(_BOUNDS) + 1))


def _sums(mine: list[int], theirs: list[int]) -> list[int]:
    return [a + b for a, b in zip(mine, theirs, strict=True)]


class _Stored(msgspec.Struct, array_like=True, gc=False):
    version: changelog.Version
    made: int
    original: Counts
    current: Counts


_read: Final = changelog.reader(_Stored, "a row of counts")


@dataclass(slots=True)
class Row:
    """Counts of one location and kind. bases: on the original basis, and on the current one. staff: the promises that
    each staff member answers for. copy: for readers in other threads; None once the row has changed."""

    label: Label
    key: bytes
    made: int = 0
    bases: tuple[Counts, Counts] = field(default_factory=lambda: (_no_counts(), _no_counts()))
    staff: dict[str, Cell] = field(default_factory=dict)
    is_dirty: bool = field(default=False, compare=False)
    copy: Row | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, label: Label) -> Row:
        """A row without counts."""
        return cls(label, changelog.key_of(changelog.ROW, *label))

    def value(self) -> bytes:
        """What the changelog holds of it; staff have records of their own."""
        return changelog.encode(_Stored(changelog.VERSION, self.made, *self.bases))

    def restore(self, stored: bytes) -> None:
        """Take over what a row was written as. Raises ValueError for an unknown version."""
        found = _read(stored)
        self.made, self.bases = found.made, (found.original, found.current)
        for counts in self.bases:  # rulings may have been appended since
            counts.net += [0] * (len(RULINGS) - len(counts.net))

    def of_staff(self, staff: str) -> Cell:
        """The counts of a staff member."""
        cell = self.staff.get(staff)
        if cell is None:
            key = changelog.key_of(changelog.STAFF, *self.label, staff)
            cell = self.staff[staff] = Cell(key, [0] * (STAFF_JUDGED + 1))
        return cell

    def add(self, other: Row) -> None:
        """Add the counts of `other`, such as the same row of another partition."""
        self.made += other.made
        for mine, theirs in zip(self.bases, other.bases, strict=True):
            mine.add(theirs)
        for staff, cell in other.staff.items():
            own = self.of_staff(staff)
            own.counts = _sums(own.counts, cell.counts)

    def copied(self) -> Row:
        """The row as it is now, for a reader in another thread."""
        if self.copy is None:
            bases = self.bases[0].copied(), self.bases[1].copied()
            staff = {name: Cell(cell.key, cell.counts[:]) for name, cell in self.staff.items()}
            self.copy = Row(self.label, self.key, self.made, bases, staff)
        return self.copy
