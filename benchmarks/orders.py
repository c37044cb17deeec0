"""Orders for the benchmarks: a steady state in which so many promises are open, one made for each one delivered."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from random import Random

import msgspec

from schemas.events import PlainEvent, PromisesMade, PromiseTerms, Staff, StepReached
from schemas.instants import Instant, moment
from streams.book.book import Incoming
from streams.judging.policy_file import parse_policies

POLICIES = parse_policies(
    """
    [[policy]]
    kind = "ready"
    kept_by = ["ready"]
    grace = "30s"
    at_risk = "2m"
    """,
    "the policies of the benchmark",
)

START: Instant = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""

PROMISED = 1_200_000
"""Milliseconds from order to due, in the middle."""

_LOCATIONS = 500
_STAFF = 4
_LATE_SHARE = 0.2


def orders(open_at_once: int, seed: int = 1) -> Iterator[Incoming]:
    """Records without end, in order of time; after PROMISED about `open_at_once` promises are open at any time.

    An order is promised, started, ready and picked up: four events. One in five is ready 90 seconds after its due.
    """
    chance = Random(seed)
    gap = PROMISED / open_at_once
    coming: list[tuple[Instant, int, int, str]] = []
    for number in count():
        made_at = START + int(number * gap)
        while coming and coming[0][0] <= made_at:
            at, whose, place, step = heappop(coming)
            yield _record(_step(whose, place, step, at), at)
        due = made_at + PROMISED + chance.randrange(-300_000, 300_000)
        yield _record(_made(number, made_at, due), made_at)
        ready = due + 90_000 if chance.random() < _LATE_SHARE else due - chance.randrange(1_000, 300_000)
        for place, (step, at) in enumerate(
            (("started", made_at + 60_000), ("ready", ready), ("picked_up", ready + 120_000)), 1
        ):
            heappush(coming, (at, number, place, step))


def _made(number: int, at: Instant, due: Instant) -> PromisesMade:
    return PromisesMade(
        id=_id(number, 0),
        case=_case(number),
        occurred_at=moment(at),
        received_at=moment(at + 40),
        location=_location(number),
        staff=_staff(number),
        source="benchmark",
        promises=[PromiseTerms(kind="ready", due=moment(due))],
    )


def _step(number: int, place: int, step: str, at: Instant) -> StepReached:
    return StepReached(
        id=_id(number, place),
        case=_case(number),
        occurred_at=moment(at),
        received_at=moment(at + 40),
        location=_location(number),
        staff=_staff(number),
        source="benchmark",
        step=step,
    )


def _id(number: int, place: int) -> str:
    return f"{number:09d}-{place}"


def _case(number: int) -> str:
    return f"order-{number:09d}"


def _location(number: int) -> str:
    return f"shop-{number % _LOCATIONS:03d}"


def _staff(number: int) -> Staff:
    return Staff(id=f"s-{number % _LOCATIONS:03d}-{number % _STAFF}", role="cook")


def _record(event: PlainEvent, at: Instant) -> Incoming:
    return Incoming(at, event.case.encode(), msgspec.json.encode(event))
