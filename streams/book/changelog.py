"""The records of a book's changelog: what their keys and values look like. The last value of each key is the book.

The first byte of a key says what the record is. Keys: `c` and the case; `r` and a row's location, kind and basis;
`w` and a minute with them; `h` alone, the head, which is the last record of every write. A case's value is the stored
case as it is; what the others hold begins with the format version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from schemas.instants import Instant
from schemas.reading import RefusalReason

VERSION: Final = 1
"""Of rows, cells and head; raise it when their layout changes, and keep reading the old one."""

Change = tuple[bytes, bytes | None]
"""Key and value of a record; no value: the key is gone."""

CASE: Final = b"c"
ROW: Final = b"r"
CELL: Final = b"w"
HEAD: Final = b"h"


class Head(msgspec.Struct, array_like=True):
    """What there is once. next: the offset of the record to read next. policies: the ids of all policies that any
    case was ever judged by."""

    version: Literal[1]
    next: int
    clock: Instant
    events: dict[str, int]
    rejects: dict[RefusalReason, int]
    duplicates: int
    policies: list[str]


encode: Final = msgspec.msgpack.Encoder().encode
_head: Final = msgspec.msgpack.Decoder(Head).decode


def key_of(what: bytes, *parts: str | int) -> bytes:
    """The key of a row or a cell."""
    return what + msgspec.json.encode(parts)


def read_head(records: Mapping[bytes, bytes]) -> Head:
    """The head among all last values of a changelog. Raises ValueError where there is none, or of another version."""
    stored = records.get(HEAD)
    if stored is None:
        raise ValueError(f"a changelog of {len(records)} records has no head: it was not read to its end")
    check_version("the head of a changelog", stored)
    return _head(stored)


def by_kind(records: Mapping[bytes, bytes]) -> dict[bytes, dict[bytes, bytes]]:
    """Records by what they are, without the byte that says so. Raises ValueError for what this code does not know."""
    found: dict[bytes, dict[bytes, bytes]] = {CASE: {}, ROW: {}, CELL: {}, HEAD: {}}
    for key, value in records.items():
        of_kind = found.get(key[:1])
        if of_kind is None:
            raise ValueError(f"the changelog has a record with key {key!r}; this code knows c, r, w and h keys")
        of_kind[key[1:]] = value
    return found


def check_version(what: str, stored: bytes) -> None:
    """Raises ValueError where `stored` begins with a version that this code does not read."""
    version: Any = msgspec.msgpack.decode(stored)[0]
    if version != VERSION:
        raise ValueError(f"{what} was stored in version {version}; this code reads version {VERSION}")
