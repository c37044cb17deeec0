"""The records of a book's changelog: what their keys and values look like. The last value of each key is the book.

The first byte of a key says what the record is: `c` and the case; `r` and a location and kind, a row of counts; `s`
and those and a staff member; `w` and a minute and those, a cell of the windows; `h` alone, the head, which is the last
record of every write. What follows the byte in r, s and w keys is a JSON array. The value of a case is the stored case
as it is; all others are MessagePack arrays that begin with the format version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple, TypeVar

import msgspec

from schemas.instants import Instant
from schemas.reading import RefusalReason

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


class Head(msgspec.Struct, array_like=True):
    """What there is once. next: the offset of the record to read next. policies: the ids of all policies that any
    case was ever judged by."""

    version: Version
    next: int
    clock: Instant
    events: dict[str, int]
    rejects: dict[RefusalReason, int]
    duplicates: int
    policies: list[str]


Layout = TypeVar("Layout")

encode: Final = msgspec.msgpack.Encoder().encode
"""A value that begins with the version, as bytes."""

_parts: Final = msgspec.json.Encoder().encode


def key_of(what: bytes, *parts: str | int) -> bytes:
    """The key of counts."""
    return what + _parts(parts)


def reader(layout: type[Layout], what: str) -> Callable[[bytes], Layout]:
    """Reads values of that layout. It raises ValueError, naming `what`, for one of a version that it does not know."""
    decode = msgspec.msgpack.Decoder(layout).decode

    def read(stored: bytes) -> Layout:
        try:
            return decode(stored)
        except msgspec.ValidationError:
            version = msgspec.msgpack.decode(stored)[0]
            if version == VERSION:
                raise
            raise ValueError(f"{what} was stored in version {version}; this code reads version {VERSION}") from None

    return read


_read_head: Final = reader(Head, "the head of a changelog")


class Contents(NamedTuple):
    """The records of a changelog by what they are: cases by name, counts by the JSON of their keys."""

    head: Head
    cases: dict[str, bytes]
    rows: dict[bytes, bytes]
    staff: dict[bytes, bytes]
    cells: dict[bytes, bytes]


def contents(records: Mapping[bytes, bytes]) -> Contents:
    """What all last values of a changelog hold.

    Raises ValueError where there is no head, for a kind of record that this code does not know, and for a head of
    another version.
    """
    cases: dict[str, bytes] = {}
    counts: dict[bytes, dict[bytes, bytes]] = {ROW: {}, STAFF: {}, CELL: {}, HEAD: {}}
    for key, value in records.items():
        what = key[:1]
        if what == CASE:
            cases[key[1:].decode()] = value
        elif what in counts:
            counts[what][key[1:]] = value
        else:
            raise ValueError(f"the changelog has a record with key {key!r}; this code knows c, r, s, w and h keys")
    if HEAD not in records:
        raise ValueError(f"a changelog of {len(records)} records has no head: it was not read to its end")
    return Contents(_read_head(records[HEAD]), cases, counts[ROW], counts[STAFF], counts[CELL])
