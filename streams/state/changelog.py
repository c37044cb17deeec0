"""The records of a book's changelog: what their keys and values look like. The last value of each key is the book.

The first byte of a key says what the record is: `c` and the case; `r` and a location and kind, a row of counts; `s`
and those and a staff member; `w` and a minute and those, a cell of the windows; `h` alone, the head, which is the last
record of every write. What follows the byte in r, s and w keys is a JSON array. The value of a case is the stored case
as it is; all others are MessagePack arrays that begin with the format version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, TypeVar

import msgspec

from schemas.instants import Instant
from schemas.reading import RefusalReason
from streams.state import changelog

VERSION: Final = 1
"""Of all values but those of cases; raise it when their layout changes, and keep reading the old one."""

Version = Literal[1]

Change = tuple[bytes, bytes | None]
"""Key and value of a record; no value: the key is gone."""

CASE: Final = b"c"
ROW: Final = b"r"
STAFF: Final = b"s"
CELL: Final = b"w"
HEAD: Final = b"h"


class StoredFeedWatermark(msgspec.Struct, array_like=True):
    """What was heard of a feed. awaited_from: since when a case or a declaration has asked for it; 0: nothing has.
    partitions: the instant up to which each partition of the source has been read, of those that said so."""

    awaited_since: Instant = 0
    partitions: dict[int, Instant] = msgspec.field(default_factory=dict)

    @property
    def watermark(self) -> Instant:
        """The instant up to which all of the source has been read; 0 while nothing was heard."""
        return min(self.partitions.values(), default=0)

    @property
    def last_progress(self) -> Instant:
        """Since when nothing more was heard."""
        return max(self.watermark, self.awaited_since)

    def advance(self, partition: int, at: Instant) -> None:
        """That partition has been read up to `at`, and as far as it ever was."""
        self.partitions[partition] = max(at, self.partitions.get(partition, 0))


class RecordCounters(msgspec.Struct, array_like=True):
    """Counters of the records of one partition, each shown by the metric of the catalogue that names its field.

    events: accepted records by type. rejects: refused records by reason. duplicates: accepted records that said
    nothing new. Stored: append a new field at the end, with a default.
    """

    events: dict[str, int] = {}
    rejects: dict[RefusalReason, int] = {}
    duplicates: int = 0


class Head(msgspec.Struct, array_like=True):
    """What there is once. next: the offset of the record to read next. policies: the ids of all policies that any
    case was ever judged by. feeds: those that are declared. Stored: fields are appended, with a default."""

    version: Version
    next: int
    clock: Instant
    counters: RecordCounters
    policies: list[str]
    feeds: dict[str, StoredFeedWatermark] = msgspec.field(default_factory=dict)


Layout = TypeVar("Layout")

encode: Final = msgspec.msgpack.Encoder().encode
"""A value that begins with the version, as bytes."""

_encode_key: Final = msgspec.json.Encoder().encode


def count_key(prefix: bytes, *parts: str | int) -> bytes:
    """The key of counts."""
    return prefix + _encode_key(parts)


def value_decoder(layout: type[Layout], name: str) -> Callable[[bytes], Layout]:
    """Reads values of that layout. It raises ValueError, naming `what`, for one of a version that it does not know."""
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
    """The last values of a changelog by what they are: cases by name, counts by the JSON of their keys.

    Fed with one record after another, as they are read: of a million cases there is then never a second copy.
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
        """One record more. Raises ValueError for a kind of record that this code does not know."""
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
            raise ValueError(f"the changelog has a record with key {key!r}; this code knows c, r, s, w and h keys")
        else:
            counts[key[1:]] = value

    def __len__(self) -> int:
        return len(self.cases) + sum(map(len, self._counts.values()))

    @property
    def head(self) -> Head:
        """What there is once. Raises ValueError where there is none, and for one of another version."""
        if not self._heads:
            raise ValueError(f"a changelog of {len(self)} records has no head: it was not read to its end")
        return _read_head(self._heads[b""])


@dataclass(slots=True)
class Cell:
    """Counts that are written together. is_dirty: they changed since they were last written."""

    key: bytes
    counts: list[int]
    is_dirty: bool = field(default=False, compare=False)

    def value(self) -> bytes:
        """What the changelog holds of it."""
        return changelog.encode((changelog.VERSION, self.counts))


read_cell: Final = changelog.value_decoder(tuple[changelog.Version, list[int]], "a cell of counts")
"""The version and the counts in what a cell was written as. Raises ValueError for an unknown version."""


class ChangelogEntry(Protocol):
    """What has a key and a value in the changelog."""

    key: bytes
    is_dirty: bool

    def value(self) -> bytes:
        """What the changelog holds of it."""


def take_changes(dirty: Iterable[ChangelogEntry]) -> Iterator[changelog.Change]:
    """The records of what is dirty, which then is clean."""
    for entry in dirty:
        entry.is_dirty = False
        yield entry.key, entry.value()
