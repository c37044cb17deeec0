"""Cases as version 1 stored them, read only: one MessagePack array of everything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from schemas.instants import NEVER, Instant
from schemas.words import Origin
from streams.judging.case import Case, Ending, Hand, Judged, Outcome, Promise, PromiseKey, Standing, Window
from streams.judging.history import Fact
from streams.judging.policy import Attributes, Policy

BEGINNING: Final = b"\x9c\x01"
"""An array of twelve, the first of which is the version."""

_Once = tuple[bool, bool]
_Dues = tuple[Instant, ...]
_Judged = tuple[PromiseKey, Outcome, Outcome | None, str, int, bool, _Once, _Once, _Dues, _Dues]
_Promise = tuple[PromiseKey, str, Instant, Origin, str, Window, Window, str, Ending]


class _Stored(msgspec.Struct, array_like=True):
    version: Literal[1]
    wake_at: Instant
    more_at: Instant
    folded: int
    corrected: bool
    history: list[Fact]
    attributes: Attributes
    steps: list[tuple[str, str, Instant]]
    cancelled: dict[str, Ending]
    hands: list[Hand]
    promises: list[_Promise]
    judged: list[_Judged]


class _Head(msgspec.Struct, array_like=True):
    version: Literal[1]
    wake_at: Instant


_decode = msgspec.msgpack.Decoder(_Stored).decode
_head = msgspec.msgpack.Decoder(_Head).decode


def wake_at(stored: bytes) -> Instant:
    """When the judgement of the case in `stored` next changes by itself."""
    return _head(stored).wake_at


def rests_since(stored: bytes) -> Instant:
    """When the last thing happened to the case in `stored`, be it a fact or a due."""
    read = _decode(stored)
    dues = [window.due for promise in read.promises for window in promise[5:7]]
    return max([*dues, *(fact.at for fact in read.history[-1:])], default=0)


def decode(stored: bytes, policy: Callable[[str], Policy]) -> Case:
    """The case in `stored`; `policy` gives the one of an id."""
    read = _decode(stored)
    standing = Standing(
        promises={one[0]: _promise(one, policy) for one in read.promises},
        cancelled=read.cancelled,
        hands=read.hands,
        attributes=read.attributes,
    )
    for subject, step, at in read.steps:
        standing.steps.setdefault(subject, {})[step] = at
    judged = {one[0]: Judged(*one[1:]) for one in read.judged}
    case = Case(read.wake_at, read.more_at, corrected=read.corrected, standing=standing, judged=judged)
    if read.history:
        case.remember(read.history)
    return case


def _promise(stored: _Promise, policy: Callable[[str], Policy]) -> Promise:
    key, id, made_at, origin, location, original, current, started_by, withdrawn = stored
    return Promise(
        key,
        policy(id),
        made_at,
        origin,
        location,
        original,
        None if current == original else current,
        started_by,
        None if withdrawn.at == NEVER else withdrawn,
    )
