"""The load: orders of a few shops, with everything that goes wrong between a shop and Kafka.

Every order has a promise. Then it is ready in time or late or never, reported late or twice or ahead of its time,
recalled, cancelled or promised anew. Records come in order of arrival, which differs from the order of the events.

"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any, Final, NamedTuple

START: Final = 1_735_689_600_000
"""2025-01-01T00:00:00Z, the time of the first order."""

GRACE: Final = 30_000
AT_RISK: Final = 120_000
POLICIES: Final = f'[[policy]]\nkind = "ready"\ngrace = "{GRACE}ms"\nat_risk = "{AT_RISK}ms"\n'
"""The policies of the workers; all other keys have their defaults."""

RECORDS_PER_ORDER: Final = 4.4
"""The approximate average number of records of an order; a test checks it."""

_SHOPS: Final = 8
_MINUTE: Final = 60_000
_PROMISED: Final = 20 * _MINUTE
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class LoadRecord(NamedTuple):
    """A record to send. at: its timestamp in milliseconds."""

    at: int
    key: bytes
    value: bytes


def moment(at: int) -> str:
    """Return milliseconds since 1970 as text, as in an event."""
    return (_EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock_record(at: int) -> bytes:
    """Return the record that tells a partition that everything up to `at` has been sent."""
    return json.dumps({"type": "clock", "source": "chaos", "at": moment(at)}).encode()


def orders(seed: int, open_at_once: int) -> Iterator[LoadRecord]:
    """Yield records without end, in order of arrival; about `open_at_once` promises are open at any time."""
    chance = Random(seed)
    arrivals: list[tuple[int, int, LoadRecord]] = []
    numbers = count()
    for number in count():
        made_at = START + number * _PROMISED // open_at_once
        while arrivals and arrivals[0][0] <= made_at:
            yield heappop(arrivals)[2]
        for arrives, record in _Order(chance, number, made_at).records():
            heappush(arrivals, (arrives, next(numbers), record))


class _Order:
    """One order, from its promise to its end."""

    def __init__(self, chance: Random, number: int, made_at: int) -> None:
        self._chance = chance
        self._case = f"order-{number:08d}"
        self._shop = number % _SHOPS
        self._made_at = made_at
        self._due = made_at + _PROMISED + chance.randrange(-5 * _MINUTE, 5 * _MINUTE)
        self._events: list[tuple[int, dict[str, Any]]] = []

    def records(self) -> Iterator[tuple[int, LoadRecord]]:
        """Yield its records, each with the instant of its arrival."""
        self._make_events()
        for number, (at, event_fields) in enumerate(self._events):
            event = event_fields | {"id": f"{self._case[-4:]}-{number}", "case": self._case, "occurred_at": moment(at)}
            value = json.dumps(event | {"location": f"shop-{self._shop}"}).encode()
            arrives = self._arrival(at)
            yield arrives, self._record(arrives, value)
            if self._happens(0.04):
                yield from self._repeated(arrives, value)
            if self._happens(0.002):
                yield arrives, self._record(arrives, b"%" + value)

    def _make_events(self) -> None:
        due = self._due
        self._add_event(self._made_at, "promises_made", staff="till", promises=[{"kind": "ready", "due": moment(due)}])
        self._add_event(self._made_at + self._within(1, 180_000), "step_reached", staff=self._cook(), step="started")
        if self._happens(0.06):
            due = self._due + self._chance.randrange(-4 * _MINUTE, 9 * _MINUTE)
            self._add_event(self._due - self._within(1, 6 * _MINUTE), "promise_amended", **self._amended(due))
        if self._happens(0.06):
            self._add_event(due + self._chance.randrange(-8 * _MINUTE, 4 * _MINUTE), "cancelled", by=self._party())
            if self._happens(0.6):
                return
        if self._happens(0.04):
            return
        self._deliver(due)

    def _deliver(self, due: int) -> None:
        ready = due - self._within(1_000, 5 * _MINUTE)
        if self._happens(0.2):
            ready = due + self._within(1, 2 * _MINUTE)
        self._add_event(ready, "step_reached", step="ready")
        if self._happens(0.06):
            undone = ready + self._within(1_000, 5 * _MINUTE)
            self._add_event(undone, "step_undone", step="ready")
            ready = undone + self._within(1_000, 5 * _MINUTE)
            if self._happens(0.8):
                self._add_event(ready, "step_reached", staff=self._cook(), step="ready")
        self._add_event(ready + self._within(1_000, 3 * _MINUTE), "step_reached", step="picked_up")

    def _add_event(self, at: int, event_type: str, *, staff: str = "", **fields: Any) -> None:
        staff_field = {"staff": {"id": f"{staff}-{self._shop}"}} if staff else {}
        self._events.append((at, {"type": event_type} | staff_field | fields))

    def _arrival(self, at: int) -> int:
        """Return the arrival of an event: nearly always at once, sometimes much later, or early because the clock of a
        shop is fast.
        """
        if self._happens(0.05):
            return at + self._within(1 * _MINUTE, 40 * _MINUTE)
        return max(self._made_at, at - self._within(0, 90_000)) if self._happens(0.02) else at + self._within(20, 2_000)

    def _record(self, arrives: int, value: bytes) -> LoadRecord:
        stamped = arrives - self._within(1_000, 30_000) if self._happens(0.01) else arrives
        return LoadRecord(stamped, self._case.encode(), value)

    def _repeated(self, arrives: int, value: bytes) -> Iterator[tuple[int, LoadRecord]]:
        later = arrives + self._within(0, 10 * _MINUTE)
        yield later, self._record(later, value)

    def _amended(self, due: int) -> dict[str, Any]:
        return {"kind": "ready", "due": moment(due), "by": self._party()}

    def _cook(self) -> str:
        return f"cook-{self._within(0, 3)}"

    def _party(self) -> str:
        return self._chance.choice(("us", "customer"))

    def _within(self, low: int, high: int) -> int:
        return self._chance.randrange(low, high)

    def _happens(self, share: float) -> bool:
        return self._chance.random() < share
