"""Values: told by what they say, ordered by their fields, and kept as MessagePack arrays of those.

The parts of the product that know no library build their values on these classes, which are the cheapest to make, read
and pack that Python has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from msgspec import Struct, field, msgpack
from msgspec.structs import replace

__all__ = ["State", "Value", "field", "pack", "replace", "unpacker"]

_T = TypeVar("_T")


class Value(Struct, frozen=True, array_like=True, gc=False):
    """Base of what never changes. Not for what may hold itself: no garbage collector looks at it."""


class State(Struct, array_like=True, gc=False):
    """Base of what changes. Not for what may hold itself."""


pack: Final[Callable[[object], bytes]] = msgpack.Encoder().encode
"""A value as bytes: of two that differ, neither begins with the other."""


def unpacker(kind: type[_T]) -> Callable[[bytes], _T]:
    """What reads the bytes of one kind of value."""
    return msgpack.Decoder(kind).decode
