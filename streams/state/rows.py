"""The rows of the counts. A row has the counts of one location and kind.

Verdicts and rulings are stored as numbers, their indexes in the tables of schemas.words. Those tables are append-only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from schemas.words import RULINGS, VERDICTS, Basis, Verdict
from streams.state import changelog
from streams.state.changelog import Cell
from streams.state.windows import BOTH, PART_OF, PARTS, Label

RowVerdict = Verdict | Literal["none"]
ROW_VERDICTS: Final[tuple[RowVerdict, ...]] = (*VERDICTS, "none")
"""The verdicts between which revisions are counted in a row. `none` means that the promise is not in this row: it moved
to another location, or is no longer in the history."""

KEPT: Final = VERDICTS.index("kept")
BROKEN: Final = VERDICTS.index("broken")
OPEN: Final = VERDICTS.index("open")
NONE: Final = ROW_VERDICTS.index("none")

VERDICT_OF: Final = tuple(VERDICTS.index(ruling.verdict) for ruling in RULINGS)
"""The index of the verdict of each ruling."""

LATENESS_BOUNDS: Final = (-3600, -900, -300, -60, 0, 60, 300, 900, 3600, 14400)
"""Upper bounds of the lateness histogram in seconds. Promises delivered by their due are in the buckets up to 0."""

STAFF_COUNTS: Final = len(VERDICTS)
"""The number of counts of a staff member in each part: one for each verdict."""

STAFF_JUDGED: Final = PARTS * STAFF_COUNTS
"""The index after those counts: 1 once any promise of that staff member had a verdict other than open."""


def revision_index(before: int, after: int) -> int:
    """Return the index at which revisions from one verdict to another are counted."""
    return before * len(ROW_VERDICTS) + after


_REVISIONS: Final = [
    (old, new, revision_index(before, after))
    for before, old in enumerate(ROW_VERDICTS)
    for after, new in enumerate(ROW_VERDICTS)
    if before != after
]
"""Every revision: the verdicts before and after it, and the index of its count."""


class BasisCounts(msgspec.Struct, array_like=True, gc=False):
    """Counts of one part of a row, or of a whole row on one basis.

    net: promises by their present ruling. first: first verdicts. revised: changed verdicts, by `revision_index`.
    lateness: promises by their lateness when first delivered, in the bucket of the first bound that is not exceeded;
    the last bucket has those above all bounds. seen: a bit for each ruling that ever occurred.
    """

    net: list[int]
    first: list[int]
    revised: list[int]
    lateness: list[int]
    seen: int = 0

    def add(self, other: BasisCounts) -> None:
        """Add the counts of `other` to these."""
        self.net = _sums(self.net, other.net)
        self.first = _sums(self.first, other.first)
        self.revised = _sums(self.revised, other.revised)
        self.lateness = _sums(self.lateness, other.lateness)
        self.seen |= other.seen

    def copied(self) -> BasisCounts:
        """Return a copy."""
        # Positional, because all rows are copied for every snapshot, and keywords cost more.
        return BasisCounts(self.net[:], self.first[:], self.revised[:], self.lateness[:], self.seen)

    def revisions(self) -> list[tuple[RowVerdict, RowVerdict, int]]:
        """Return the count of each revision, with the verdicts before and after it."""
        return [(before, after, self.revised[index]) for before, after, index in _REVISIONS]


_Parts = list[BasisCounts | None]


def _no_counts() -> BasisCounts:
    return BasisCounts(
        net=[0] * len(RULINGS),
        first=[0] * len(VERDICTS),
        revised=[0] * len(ROW_VERDICTS) ** 2,
        lateness=[0] * (len(LATENESS_BOUNDS) + 1),
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
    """Counts of one location and kind.

    made: promises made. parts: the counts of BOTH, ORIGINAL and CURRENT; None for a part that was never counted.
    staff: the counts of each accountable staff member.
    copy: for readers in other threads; None if the row has changed since.
    """

    label: Label
    key: bytes
    made: int = 0
    parts: _Parts = field(default_factory=lambda: [None] * PARTS)
    staff: dict[str, Cell] = field(default_factory=dict)
    is_dirty: bool = field(default=False, compare=False)
    copy: CountRow | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, label: Label) -> CountRow:
        """Return a row without counts."""
        return cls(label, changelog.count_key(changelog.ROW, *label))

    def value(self) -> bytes:
        """Return the value of its record in the changelog. Staff have records of their own."""
        return changelog.encode(_Stored(changelog.VERSION, self.made, self.parts))

    def restore(self, stored: bytes) -> None:
        """Restore the counts from the value of its record. Raises ValueError for an unknown version."""
        row = _read(stored)
        self.made, self.parts = row.made, row.parts
        for counts in filter(None, self.parts):  # rulings may have been appended since
            counts.net += [0] * (len(RULINGS) - len(counts.net))

    def of_part(self, part: int) -> BasisCounts:
        """Return the counts of that part."""
        counts = self.parts[part]
        if counts is None:
            counts = self.parts[part] = _no_counts()
        return counts

    def on(self, basis: Basis) -> BasisCounts:
        """Return the counts on that basis."""
        counts = _no_counts()
        for part in (self.parts[BOTH], self.parts[PART_OF[basis]]):
            if part is not None:
                counts.add(part)
        return counts

    def by_basis(self) -> Iterator[tuple[Basis, BasisCounts]]:
        """Yield the counts on each basis."""
        for basis in PART_OF:
            yield basis, self.on(basis)

    def staff_on(self, basis: Basis) -> Iterator[tuple[str, list[int]]]:
        """Yield each staff member with their counts on that basis, by verdict."""
        start = PART_OF[basis] * STAFF_COUNTS
        for staff, cell in self.staff.items():
            yield staff, _sums(cell.counts[:STAFF_COUNTS], cell.counts[start : start + STAFF_COUNTS])

    def of_staff(self, staff: str) -> Cell:
        """Return the counts of a staff member."""
        cell = self.staff.get(staff)
        if cell is None:
            key = changelog.count_key(changelog.STAFF, *self.label, staff)
            cell = self.staff[staff] = Cell(key, [0] * (STAFF_JUDGED + 1))
        return cell

    def add(self, other: CountRow) -> None:
        """Add the counts of `other` to these, such as those of another partition."""
        self.made += other.made
        for part, counts in enumerate(other.parts):
            if counts is not None:
                self.of_part(part).add(counts)
        for staff, cell in other.staff.items():
            own = self.of_staff(staff)
            own.counts = _sums(own.counts, cell.counts)

    def copied(self) -> CountRow:
        """Return a copy of the row, for a reader in another thread."""
        if self.copy is None:
            parts = [counts and counts.copied() for counts in self.parts]
            staff = {name: Cell(cell.key, cell.counts[:]) for name, cell in self.staff.items()}
            self.copy = CountRow(self.label, self.key, self.made, parts, staff)
        return self.copy
