"""The records of a changelog: their keys and values. The last values of all keys are the state of the partition.

The first byte of a key is the type of the record:

- `c`, then the name of a case: that case, as case_codec encodes it;
- `r`, then location and kind: a row of counts;
- `s`, then location, kind and staff member: the counts of that staff member;
- `w`, then minute of due time, location and kind: a cell of the windows;
- `h` alone: the head, which is the last record of every write.

The rest of r, s and w keys is a JSON array. All values but those of cases are MessagePack arrays that begin with the
format version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, TypeVar

import msgspec

from schemas.instants import Instant
from schemas.reading import RefusalReason

VERSION: Final = 1
"""The format version of all values but those of cases. Raise it when a layout changes, and keep reading the old one."""

Version = Literal[1]

ChangelogRecord = tuple[bytes, bytes | None]
"""The key and value of a record; None deletes the key."""

CASE: Final = b"c"
ROW: Final = b"r"
STAFF: Final = b"s"
CELL: Final = b"w"
HEAD: Final = b"h"


class StoredFeedWatermark(msgspec.Struct, array_like=True):
    """The watermark of a feed.

    awaited_since: when a case first waited for the feed, or it was first declared; 0: not yet.
    partitions: the watermark of each partition of the source that has reported one.
    """

    awaited_since: Instant = 0
    partitions: dict[int, Instant] = msgspec.field(default_factory=dict)

    @property
    def watermark(self) -> Instant:
        """The least watermark of all partitions of the source; 0 if none has been reported."""
        return min(self.partitions.values(), default=0)

    @property
    def last_progress(self) -> Instant:
        """The instant from which the silence of the feed counts."""
        return max(self.watermark, self.awaited_since)

    def advance(self, partition: int, at: Instant) -> None:
        """Advance the watermark of a partition of the source to `at`; it never goes back."""
        self.partitions[partition] = max(at, self.partitions.get(partition, 0))


class RecordCounters(msgspec.Struct, array_like=True):
    """Counters of the records of one partition, each shown by the metric of the catalogue that names its field.

    events: accepted records by type. rejects: refused records by reason. duplicates: accepted records
    that were in the history already. Stored: append a new field at the end, with a default.
    """

    events: dict[str, int] = {}
    rejects: dict[RefusalReason, int] = {}
    duplicates: int = 0


class Head(msgspec.Struct, array_like=True):
    """The state that exists once in a partition.

    next: the offset of the next record to read. clock: the watermark of the partition.
    policies: the ids of all policies that ever judged a case. feeds: the watermarks of the declared feeds.
    Stored: append a new field at the end, with a default.
    """

    version: Version
    next: int
    clock: Instant
    counters: RecordCounters
    policies: list[str]
    feeds: dict[str, StoredFeedWatermark] = msgspec.field(default_factory=dict)


Layout = TypeVar("Layout")

encode: Final = msgspec.msgpack.Encoder().encode
"""Encode a value, which begins with the format version."""

_encode_key: Final = msgspec.json.Encoder().encode


def count_key(prefix: bytes, *parts: str | int) -> bytes:
    """Return the key of a record of counts."""
    return prefix + _encode_key(parts)


def value_decoder(layout: type[Layout], name: str) -> Callable[[bytes], Layout]:
    """Return a decoder of values of that layout. It raises ValueError, naming `name`, for an unknown version."""
    decode = msgspec.msgpack.Decoder(layout).decode

    def read(stored: bytes) -> Layout:
        try:
            return decode(stored)
        except msgspec.ValidationError:
            version = msgspec.msgpack.decode(stored)[0]
            if version == VERSION:
                raise
            raise ValueError(f"{name} was stored in version {version}; this code reads version {VERSION}") from None

    return read


_read_head: Final = value_decoder(Head, "the head of a changelog")


class Contents:
    """The last values of a changelog, by type: cases by name, counts by the rest of their keys.

    Records are added one at a time as they are read, so that there is never a second copy of all cases.
    """

    def __init__(self, records: Mapping[bytes, bytes] | None = None) -> None:
        self.cases: dict[str, bytes] = {}
        self.rows: dict[bytes, bytes] = {}
        self.staff: dict[bytes, bytes] = {}
        self.cells: dict[bytes, bytes] = {}
        self._heads: dict[bytes, bytes] = {}
        self._counts = {ROW: self.rows, STAFF: self.staff, CELL: self.cells, HEAD: self._heads}
        for key, value in (records or {}).items():
            self.add(key, value)

    def add(self, key: bytes, value: bytes | None) -> None:
        """Add a record. Raises ValueError for an unknown type of record."""
        if key.startswith(CASE):
            name = key[1:].decode()
            if value is None:
                self.cases.pop(name, None)
            else:
                self.cases[name] = value
            return
        counts = self._counts.get(key[:1])
        if value is None:
            if counts is not None:
                counts.pop(key[1:], None)
        elif counts is None:
            raise ValueError(f"the changelog has a record with key {key!r}; this code reads c, r, s, w and h keys")
        else:
            counts[key[1:]] = value

    def __len__(self) -> int:
        return len(self.cases) + sum(map(len, self._counts.values()))

    @property
    def head(self) -> Head:
        """The decoded head. Raises ValueError if there is none, or for another version."""
        if not self._heads:
            raise ValueError(f"a changelog of {len(self)} records has no head: it was not read to its end")
        return _read_head(self._heads[b""])


@dataclass(slots=True)
class Cell:
    """Counts that are written as one record. is_dirty: they changed since they were last written."""

    key: bytes
    counts: list[int]
    is_dirty: bool = field(default=False, compare=False)

    def value(self) -> bytes:
        """Return the value of its record in the changelog."""
        return encode((VERSION, self.counts))


read_cell: Final = value_decoder(tuple[Version, list[int]], "a cell of counts")
"""Decode the value of a cell into the version and the counts. Raises ValueError for an unknown version."""


class ChangelogEntry(Protocol):
    """Something that is written as one record of the changelog."""

    key: bytes
    is_dirty: bool

    def value(self) -> bytes:
        """Return the value of its record."""


def take_changes(dirty: Iterable[ChangelogEntry]) -> Iterator[ChangelogRecord]:
    """Yield the records of all dirty entries, and mark them as clean."""
    for entry in dirty:
        entry.is_dirty = False
        yield entry.key, entry.value()
