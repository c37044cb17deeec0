"""Orders for the benchmarks: a steady state in which so many promises are open, one made for each one delivered."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any

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
    terms = PromiseTerms(kind="ready", due=moment(due))
    return PromisesMade(**_envelope(number, 0, at), promises=[terms])


def _step(number: int, place: int, step: str, at: Instant) -> StepReached:
    return StepReached(**_envelope(number, place, at), step=step)


def _envelope(number: int, place: int, at: Instant) -> dict[str, Any]:
    """What event `place` of order `number` says, of whatever type it is."""
    location = f"{number % _LOCATIONS:03d}"
    return {
        "id": f"{number:09d}-{place}",
        "case": f"order-{number:09d}",
        "occurred_at": moment(at),
        "received_at": moment(at + 40),
        "location": f"shop-{location}",
        "staff": Staff(id=f"s-{location}-{number % _STAFF}", role="cook"),
        "source": "benchmark",
    }


def _record(event: PlainEvent, at: Instant) -> Incoming:
    return Incoming(at, event.case.encode(), msgspec.json.encode(event))
