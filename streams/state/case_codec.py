"""The encoding of a case: a head of fixed size, its last assignment, its state with its judgements, its facts.

A timer reads only the head, and a fact that changes no state (`fast_path`) is appended without decoding the rest.
Raise the version when the layout changes: a case of another version is refused, never misread.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from struct import Struct as Layout
from typing import Final

import msgspec

from schemas.instants import NEVER, Instant
from streams.errors import FatalError
from streams.judging.case import Case, CaseState, Judged, PromiseKey
from streams.judging.history import pack
from streams.judging.policy import Policies, Policy

VERSION: Final = 2

HEAD: Final = Layout(">BBQQQQIII")
"""Version, flags, wake_at, next_fact_at, last_at, the last due if the case has no timer (else 0), the number of facts,
the size of the last assignment, the size of the state with the judgements."""

CORRECTED: Final = 1
LOCATION: Final = 2
CHANNEL: Final = 4
SEGMENT: Final = 8
"""Flags: whether any fact is a correction, and which attributes have a value."""

HEAD_SIZE: Final = HEAD.size
write_head: Final = HEAD.pack
read_head: Final = HEAD.unpack_from


class UnknownPolicy(FatalError):
    """A stored case was judged by a policy version that is not in the policy file."""

    def __init__(self, policy: str) -> None:
        super().__init__(
            f"stored state needs policy {policy}, which is missing: keep old versions in the file of policies"
        )


def _policy_id(value: object) -> str:
    """Return the id of a policy, by which it is stored."""
    assert isinstance(value, Policy)
    return value.id


_encode: Final = msgspec.msgpack.Encoder(enc_hook=_policy_id).encode


def encode(case: Case) -> bytes:
    """Encode `case`."""
    state = case.state
    location, channel, segment = state.attributes
    flags = (
        (CORRECTED if case.corrected else 0)
        | (LOCATION if location else 0)
        | (CHANNEL if channel else 0)
        | (SEGMENT if segment else 0)
    )
    assignments = state.assignments
    assignment = pack((assignments[-1].subject, assignments[-1].staff)) if assignments else _NO_ASSIGNMENT
    body = _encode((state, case.judged))
    last_due = state.last_due if case.wake_at == NEVER else 0
    sizes = case.count, len(assignment), len(body)
    head = write_head(VERSION, flags, case.wake_at, case.next_fact_at, case.last_at, last_due, *sizes)
    return head + assignment + body + case.facts


def decode(stored: bytes, policies: Policies) -> Case:
    """Decode a stored case. Raises UnknownPolicy if it was judged by a policy version that `policies` lacks."""
    _check_version(stored)
    _, flags, wake_at, more_at, last_at, _, count, assignment_size, body_size = read_head(stored)
    begin = HEAD_SIZE + assignment_size
    end = begin + body_size
    state, judged = _state_decoder(policies)(stored[begin:end])
    # By position: keywords cost instructions.
    return Case(wake_at, more_at, last_at, flags & CORRECTED != 0, count, stored[end:], state, judged)


def read_wake_at(stored: bytes) -> Instant:
    """Return when the judgement of a stored case next changes without another fact."""
    _check_version(stored)
    at: Instant = read_head(stored)[2]
    return at


def read_idle_since(stored: bytes) -> Instant:
    """Return the instant of the last fact or due of a stored case; NEVER while the case has a timer."""
    _check_version(stored)
    _, _, wake_at, _, last_at, last_due, *_ = read_head(stored)
    return max(last_at, last_due) if wake_at == NEVER else NEVER


def _check_version(stored: bytes) -> None:
    if stored[0] != VERSION:
        raise ValueError(
            f"a case was stored in version {stored[0]}; this code reads version {VERSION}: rebuild the state"
        )


_NO_ASSIGNMENT: Final = pack(None)


class _PoliciesById(dict[str, Policy]):
    """The current policies, by id."""

    def __missing__(self, id: str) -> Policy:
        raise UnknownPolicy(id)


@lru_cache(maxsize=8)
def _state_decoder(policies: Policies) -> Callable[[bytes], tuple[CaseState, dict[PromiseKey, Judged]]]:
    known = _PoliciesById(policies.by_id)
    return msgspec.msgpack.Decoder(tuple[CaseState, dict[PromiseKey, Judged]], dec_hook=lambda _, id: known[id]).decode
