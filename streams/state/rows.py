"""The rows of the tally. A row has the counts of one location and kind.

Inside, verdicts and rulings are numbers: their positions in the tables of schemas.words, to which is only ever
appended. Whoever shows a row gives them their names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from schemas.words import RULINGS, VERDICTS, Verdict
from streams.state import changelog
from streams.state.changelog import Cell
from streams.state.windows import Label

RowVerdict = Verdict | Literal["none"]
ROW_VERDICTS: Final[tuple[RowVerdict, ...]] = (*VERDICTS, "none")
"""As what a row may hold a promise. `none` stands for "not in this row": a promise that moved to another location, or
that the history no longer holds."""

KEPT: Final = VERDICTS.index("kept")
BROKEN: Final = VERDICTS.index("broken")
OPEN: Final = VERDICTS.index("open")
NONE: Final = ROW_VERDICTS.index("none")

VERDICT_OF: Final = tuple(VERDICTS.index(ruling.verdict) for ruling in RULINGS)
"""The verdict of each ruling."""

LATENESS_BOUNDS: Final = (-3600, -900, -300, -60, 0, 60, 300, 900, 3600, 14400)
"""Upper bounds of the lateness histogram in seconds; the promises kept on time are those up to 0."""

BOTH: Final = 0
ORIGINAL: Final = 1
CURRENT: Final = 2
PARTS: Final = 3
"""Parts of all counts: most promises stand alike on both bases and are counted once, in the first part. What counts on
one basis is what is in the first part and in its own, which alone may be negative."""

PART_OF: Final = (ORIGINAL, CURRENT)
"""The part of its own that each of schemas.words.BASES has."""

STAFF_COUNTS: Final = len(VERDICTS)
"""Counts of a staff member in each part, by verdict."""

STAFF_JUDGED: Final = PARTS * STAFF_COUNTS
"""The place after them: 1 once any promise of that staff member was judged other than open."""


def revision_index(before: int, after: int) -> int:
    """The place at which revisions from one held verdict to another are counted."""
    return before * len(ROW_VERDICTS) + after


class BasisCounts(msgspec.Struct, array_like=True, gc=False):
    """Counts of one part of a row, or of a whole row on one basis.

    net: promises as they stand, by ruling. first: first verdicts. revised: verdicts that changed, by `way`.
    lateness: promises by the first bound that their lateness, when they were first delivered, did not exceed; the last
    place has those above all bounds. seen: a bit for each ruling that ever stood.
    """

    net: list[int]
    first: list[int]
    revised: list[int]
    lateness: list[int]
    seen: int = 0

    def add(self, other: BasisCounts) -> None:
        """Add the counts of `other`."""
        self.net = _sums(self.net, other.net)
        self.first = _sums(self.first, other.first)
        self.revised = _sums(self.revised, other.revised)
        self.lateness = _sums(self.lateness, other.lateness)
        self.seen |= other.seen

    def copied(self) -> BasisCounts:
        """The same counts, apart."""
        return BasisCounts(self.net[:], self.first[:], self.revised[:], self.lateness[:], self.seen)


_Parts = list[BasisCounts | None]


def _no_counts() -> BasisCounts:
    return BasisCounts(
        [0] * len(RULINGS), [0] * len(VERDICTS), [0] * len(ROW_VERDICTS) ** 2, [0] * (len(LATENESS_BOUNDS) + 1)
    )


def _sums(left: list[int], right: list[int]) -> list[int]:
    return [a + b for a, b in zip(left, right, strict=True)]


class _Stored(msgspec.Struct, array_like=True, gc=False):
    version: changelog.Version
    made: int
    parts: _Parts


_read: Final = changelog.value_decoder(_Stored, "a row of counts")


@dataclass(slots=True)
class CountRow:
    """Counts of one location and kind. parts: the counts of BOTH, ORIGINAL and CURRENT; None where nothing was ever
    counted. staff: the promises that each staff member answers for. copy: for readers in other threads; None once the
    row has changed."""

    label: Label
    key: bytes
    made: int = 0
    parts: _Parts = field(default_factory=lambda: [None] * PARTS)
    staff: dict[str, Cell] = field(default_factory=dict)
    is_dirty: bool = field(default=False, compare=False)
    copy: CountRow | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, label: Label) -> CountRow:
        """A row without counts."""
        return cls(label, changelog.count_key(changelog.ROW, *label))

    def value(self) -> bytes:
        """What the changelog holds of it; staff have records of their own."""
        return changelog.encode(_Stored(changelog.VERSION, self.made, self.parts))

    def restore(self, stored: bytes) -> None:
        """Take over what a row was written as. Raises ValueError for an unknown version."""
        row = _read(stored)
        self.made, self.parts = row.made, row.parts
        for counts in filter(None, self.parts):  # rulings may have been appended since
            counts.net += [0] * (len(RULINGS) - len(counts.net))

    def of_part(self, part: int) -> BasisCounts:
        """The counts of that part."""
        counts = self.parts[part]
        if counts is None:
            counts = self.parts[part] = _no_counts()
        return counts

    def on(self, basis: int) -> BasisCounts:
        """The counts on one of schemas.words.BASES."""
        counts = _no_counts()
        for part in (self.parts[BOTH], self.parts[PART_OF[basis]]):
            if part is not None:
                counts.add(part)
        return counts

    def staff_on(self, basis: int) -> Iterator[tuple[str, list[int]]]:
        """Each staff member with their counts on one of schemas.words.BASES, by verdict."""
        start = PART_OF[basis] * STAFF_COUNTS
        for staff, cell in self.staff.items():
            yield staff, _sums(cell.counts[:STAFF_COUNTS], cell.counts[start : start + STAFF_COUNTS])

    def of_staff(self, staff: str) -> Cell:
        """The counts of a staff member."""
        cell = self.staff.get(staff)
        if cell is None:
            key = changelog.count_key(changelog.STAFF, *self.label, staff)
            cell = self.staff[staff] = Cell(key, [0] * (STAFF_JUDGED + 1))
        return cell

    def add(self, other: CountRow) -> None:
        """Add the counts of `other`, such as the same row of another partition."""
        self.made += other.made
        for part, counts in enumerate(other.parts):
            if counts is not None:
                self.of_part(part).add(counts)
        for staff, cell in other.staff.items():
            own = self.of_staff(staff)
            own.counts = _sums(own.counts, cell.counts)

    def copied(self) -> CountRow:
        """The row as it is now, for a reader in another thread."""
        if self.copy is None:
            parts = [counts and counts.copied() for counts in self.parts]
            staff = {name: Cell(cell.key, cell.counts[:]) for name, cell in self.staff.items()}
            self.copy = CountRow(self.label, self.key, self.made, parts, staff)
        return self.copy
