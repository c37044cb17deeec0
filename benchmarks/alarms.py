"""Part `alarms`: the time from a breach to the notification, with the real programs and the shipped settings.

Forty locations begin to break their promises one after the other, each at a moment of its own. What is measured is the
time from the instant at which a location's fifth promise is broken, which is one too many, until its alert is received.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from benchmarks.figures import quantile
from benchmarks.processes import Failed
from benchmarks.sizes import Sizes
from schemas.events import PromisesMade, PromiseTerms
from schemas.instants import to_datetime
from streams.kafka.clients import producer
from streams.kafka.connection import Connection
from streams.kafka.topics import EVENTS
from streams.wall_clock import wall_clock
from tests.deploy.receiver import Receiver, receiving
from tests.deploy.stack import Stack
from tests.deploy.webhook import alertmanager_settings

LOCATIONS: Final = 40
_WITHIN_SECONDS: Final = 150
_FLOOR: Final = 5
_GRACE: Final = 1000
"""The grace of the town's policy for `ready`, in milliseconds."""
_PATIENCE_SECONDS: Final = 300


def alarms(sizes: Sizes, scratch: Path) -> Iterator[str]:
    """Run the stack of docker-compose.yml with a receiver, break promises, and yield the delays of the alerts."""
    ours = alertmanager_settings(scratch)
    stack = Stack(scratch, lambda name, text: ours if name == "alertmanager.yml" else text)
    try:
        stack.start_all()
        with receiving(stack.address("alertmanager", 9099)) as receiver:
            took = list(_took(receiver, _break(stack.address("kafka", 9092))))
    finally:
        stack.end()
    p50, p99 = quantile(took, 0.5), quantile(took, 0.99)
    yield f"{LOCATIONS} alerts came p50 {p50:.0f} s, p99 {p99:.0f} s, the quickest {min(took):.0f} s after the breach"


def _break(bootstrap: str) -> dict[str, float]:
    """Let every location break promises. Return when each had broken too many, in seconds since 1970."""
    chance, breaches = Random(1), dict[str, float]()
    sending = producer(Connection(bootstrap))
    began = time.monotonic()
    for delay, number in sorted((chance.uniform(0, _WITHIN_SECONDS), number) for number in range(LOCATIONS)):
        time.sleep(max(0, began + delay - time.monotonic()))
        location, due = f"site-{number:02d}", wall_clock() + 1000
        made_at = to_datetime(due - 1000)
        for order in range(_FLOOR):
            case = f"{location}-{order}"
            terms = PromiseTerms(kind="ready", due=to_datetime(due))
            made = PromisesMade(id="e1", case=case, occurred_at=made_at, location=location, promises=[terms])
            sending.send(EVENTS.name, msgspec.json.encode(made), key=case.encode())
        breaches[location] = (due + _GRACE) / 1000
    sending.close()
    return breaches


def _took(receiver: Receiver, breaches: dict[str, float]) -> Iterator[float]:
    """Yield the seconds from each breach to its alert. Raises Failed if an alert does not arrive."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while len(fired := receiver.of("PromisesBurningFast")) < LOCATIONS:
        if time.monotonic() > deadline:
            raise Failed(f"alerts of {len(fired)} of {LOCATIONS} locations came within {_PATIENCE_SECONDS} s")
        time.sleep(0.5)
    for one in fired:
        yield one.at - breaches[one.location]
