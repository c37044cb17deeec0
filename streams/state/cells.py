"""Cells: small lists of counts, each written to the changelog under a key of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from streams.state import changelog


@dataclass(slots=True)
class Cell:
    """Counts that are written together. is_dirty: they changed since they were last written."""

    key: bytes
    counts: list[int]
    is_dirty: bool = field(default=False, compare=False)

    def value(self) -> bytes:
        """What the changelog holds of it."""
        return changelog.encode((changelog.VERSION, self.counts))


read: Final = changelog.reader(tuple[changelog.Version, list[int]], "a cell of counts")
"""The version and the counts in what a cell was written as. Raises ValueError for an unknown version."""


class Written(Protocol):
    """What has a key and a value in the changelog."""

    key: bytes
    is_dirty: bool

    def value(self) -> bytes:
        """What the changelog holds of it."""


def written(dirty: Iterable[Written]) -> Iterator[changelog.Change]:
    """The records of what is dirty, which then is clean."""
    for one in dirty:
        one.is_dirty = False
        yield one.key, one.value()
