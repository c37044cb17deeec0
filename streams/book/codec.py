"""A case as bytes, and back: MessagePack arrays in the order of the fields below, the first being the version.

What is stored must be readable by every later version of the code: raise the version when a layout changes, and keep
reading the old one.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from schemas.instants import Instant
from schemas.words import RULINGS, Origin
from streams.judging.case import Case, Ending, Hand, Judged, Outcome, Promise, PromiseKey, Standing, Window
from streams.judging.history import Fact
from streams.judging.policy import Attributes, Policies

VERSION: Final = 1
_CODES: Final = {ruling: code for code, ruling in enumerate(RULINGS)}

_Outcome = tuple[int, Instant, int | None, str]
_Once = tuple[bool, bool]
_Dues = tuple[Instant, ...]
_Judged = tuple[PromiseKey, _Outcome, _Outcome | None, str, int, bool, _Once, _Once, _Dues, _Dues]
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


class UnknownPolicy(LookupError):
    """Stored state was judged by a policy version that the policies at hand lack."""

    def __init__(self, policy: str) -> None:
        super().__init__(f"stored state needs policy {policy}, which is missing: keep old versions in the file")


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Stored).decode
_head = msgspec.msgpack.Decoder(_Head).decode


def encode(case: Case) -> bytes:
    """`case` as bytes."""
    standing = case.standing
    return _encode(
        _Stored(
            VERSION,
            case.wake_at,
            case.more_at,
            case.folded,
            case.corrected,
            case.history,
            standing.attributes,
            [(subject, step, at) for (subject, step), at in standing.steps.items()],
            standing.cancelled,
            standing.hands,
            [_from_promise(promise) for promise in standing.promises.values()],
            [_from_judged(key, judged) for key, judged in case.judged.items()],
        )
    )


def decode(stored: bytes, policies: Policies) -> Case:
    """The case in `stored`. Raises UnknownPolicy, naming the policy version that is missing."""
    try:
        read = _decode(stored)
    except msgspec.ValidationError:
        _check_version(stored)
        raise
    standing = Standing(
        promises={one[0]: _to_promise(one, policies) for one in read.promises},
        steps={(subject, step): at for subject, step, at in read.steps},
        cancelled=read.cancelled,
        hands=read.hands,
        attributes=read.attributes,
    )
    judged = {one[0]: _to_judged(one) for one in read.judged}
    return Case(read.history, standing, judged, read.folded, read.corrected, read.more_at, read.wake_at)


def wake_at(stored: bytes) -> Instant:
    """When the judgement of the case in `stored` next changes by itself."""
    try:
        return _head(stored).wake_at
    except msgspec.ValidationError:
        _check_version(stored)
        raise


def _check_version(stored: bytes) -> None:
    version = msgspec.msgpack.decode(stored)[0]
    if version != VERSION:
        raise ValueError(f"a case was stored in version {version}; this code reads version {VERSION}")


def _from_promise(p: Promise) -> _Promise:
    return p.key, p.policy.id, p.made_at, p.origin, p.location, p.original, p.current, p.started_by, p.withdrawn


def _to_promise(stored: _Promise, policies: Policies) -> Promise:
    key, policy, made_at, origin, location, original, current, started_by, withdrawn = stored
    rule = policies.by_id.get(policy)
    if rule is None:
        raise UnknownPolicy(policy)
    return Promise(key, rule, made_at, origin, location, original, current, started_by, withdrawn)


def _from_judged(key: PromiseKey, judged: Judged) -> _Judged:
    """The current outcome is left out where it is the original one."""
    original, current = judged.original, judged.current
    stored = None if current == original else _from_outcome(current)
    return key, _from_outcome(original), stored, *judged[2:]


def _to_judged(stored: _Judged) -> Judged:
    original = _to_outcome(stored[1])
    current = original if stored[2] is None else _to_outcome(stored[2])
    return Judged(original, current, *stored[3:])


def _from_outcome(outcome: Outcome) -> _Outcome:
    return _CODES[outcome.ruling], outcome.due, outcome.lateness, outcome.staff


def _to_outcome(stored: _Outcome) -> Outcome:
    return Outcome(RULINGS[stored[0]], *stored[1:])
