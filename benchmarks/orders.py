"""Orders for the benchmarks: a steady state in which so many promises are open, one made for each one delivered."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any

import msgspec

from schemas.events import PlainEvent, PromisesMade, PromiseTerms, Staff, StepReached
from schemas.instants import Instant, to_datetime
from streams.config.policies import parse_policies
from streams.records import KafkaRecord

GRACE = 30_000
"""Milliseconds of tolerated lateness."""


def policies_text(haste: int = 1) -> str:
    """The policies of the benchmark as a file holds them; `haste`: all times so many times shorter."""
    return f"""
    [[policy]]
    kind = "ready"
    kept_by = ["ready"]
    grace = "{GRACE // haste}ms"
    at_risk = "{120_000 // haste}ms"
    """


POLICIES = parse_policies(policies_text(), "the policies of the benchmark")

START: Instant = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""

PROMISED = 1_200_000
"""Milliseconds from order to due, in the middle."""

_LOCATIONS = 500
_STAFF = 4
_LATE_SHARE = 0.2


def orders(open_at_once: int, seed: int = 1, *, start: Instant = START, haste: int = 1) -> Iterator[KafkaRecord]:
    """Records without end, in order of time; after PROMISED about `open_at_once` promises are open at any time.

    An order is promised, started, ready and picked up: four events of 305 bytes on average. One in five is ready 90
    seconds after its due. The first is made at `start`. `haste`: the same so many times as fast, with as many open.
    """
    chance = Random(seed)
    gap = PROMISED / haste / open_at_once
    coming: list[tuple[Instant, int, int, str]] = []
    for number in count():
        made_at = start + int(number * gap)
        while coming and coming[0][0] <= made_at:
            at, whose, place, step = heappop(coming)
            yield _record(_step(whose, place, step, at), at)
        due, steps = _plan(chance, made_at, haste)
        yield promised(number, made_at, due)
        for place, (step, at) in enumerate(steps, 1):
            heappush(coming, (at, number, place, step))


def promised(number: int, at: Instant, due: Instant) -> KafkaRecord:
    """The record that begins order `number`."""
    return _record(_made(number, at, due), at)


def _plan(chance: Random, made_at: Instant, haste: int) -> tuple[Instant, list[tuple[str, Instant]]]:
    """The due time of an order, and the times at which it reaches each step."""
    due = made_at + (PROMISED + chance.randrange(-300_000, 300_000)) // haste
    late = chance.random() < _LATE_SHARE
    ready = due + (90_000 if late else -chance.randrange(1_000, 300_000)) // haste
    return due, [("started", made_at + 60_000 // haste), ("ready", ready), ("picked_up", ready + 120_000 // haste)]


def _made(number: int, at: Instant, due: Instant) -> PromisesMade:
    terms = PromiseTerms(kind="ready", due=to_datetime(due))
    return PromisesMade(**_envelope(number, 0, at), promises=[terms])


def _step(number: int, place: int, step: str, at: Instant) -> StepReached:
    return StepReached(**_envelope(number, place, at), step=step)


def _envelope(number: int, place: int, at: Instant) -> dict[str, Any]:
    """Return the fields that event `place` of order `number` has in common with all types."""
    location = f"{number % _LOCATIONS:03d}"
    return {
        "id": f"{number:09d}-{place}",
        "case": f"order-{number:09d}",
        "occurred_at": to_datetime(at),
        "received_at": to_datetime(at + 40),
        "location": f"shop-{location}",
        "staff": Staff(id=f"s-{location}-{number // _LOCATIONS % _STAFF}", role="cook"),
        "channel": "counter",
        "segment": "guest",
        "source": "benchmark",
    }


def _record(event: PlainEvent, at: Instant) -> KafkaRecord:
    return KafkaRecord(at, event.case.encode(), msgspec.json.encode(event))
