"""The simulated town: the events of eight shops and their promises, in order of arrival at Kafka. Pure.

For the demo and for tests. The same seed and start give the same events. Only events in transit are in memory, so a
town may run for ever.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Final

from schemas.events import CaseEvent
from schemas.instants import Instant, to_datetime
from streams.local.town_disorder import case_events
from streams.local.town_shops import SHOPS, Shop
from streams.local.town_stories import EventWriter, TownTime, new_order

MINUTE: Final = 1000
"""Milliseconds per minute of the town in the demo, for which its policies are written."""

ORDERS_PER_MINUTE: Final = 6.0
"""Orders of the whole town in the demo."""


@dataclass(frozen=True, slots=True)
class TownEvent:
    """An event, and the instant at which it arrives at Kafka. Its key there is `event.case`."""

    at: Instant
    event: CaseEvent


def town(
    seed: int,
    start: Instant,
    minute: int = 60_000,
    orders_per_minute: float = 4.0,
    shops: Sequence[Shop] = SHOPS,
) -> Iterator[TownEvent]:
    """Yield all events that arrive from `start` on, in order of arrival, without end.

    minute: real milliseconds per town minute: 60000 is real time, 1000 is a day in 24 minutes.
    orders_per_minute: of the whole town, in a town minute of a quiet hour.
    Raises ValueError if `minute` or `orders_per_minute` is too small.
    """
    if minute < 1:
        raise ValueError(f"minute is {minute}: a town minute lasts at least 1 millisecond")
    if orders_per_minute <= 0:
        raise ValueError(f"orders_per_minute is {orders_per_minute}: give a number above 0")
    return _arrivals(Random(seed), TownTime(start, minute), orders_per_minute, shops)


_InTransit = list[tuple[float, int, CaseEvent]]
"""A heap of events in transit: the minute of arrival, a sequence number to break ties, and the event."""


def _arrivals(chance: Random, time: TownTime, orders_per_minute: float, shops: Sequence[Shop]) -> Iterator[TownEvent]:
    in_transit: _InTransit = []
    sequence = count()
    started = to_datetime(time.start).strftime("%y%m%d%H%M%S")
    for number, (minute, shop) in enumerate(_customers(chance, orders_per_minute, shops), start=1):
        for arrives, event in _arrived(in_transit, minute):
            yield TownEvent(time.at(arrives), event)
        order = new_order(shop, minute, chance)
        # The case contains the start of the town, so that two runs against one broker have different cases.
        writer = EventWriter(f"{shop.location}-{started}-{number}", time, order, chance)
        for occurrence in case_events(order, writer):
            heapq.heappush(in_transit, (occurrence.arrives, next(sequence), occurrence.event))


def _customers(chance: Random, orders_per_minute: float, shops: Sequence[Shop]) -> Iterator[tuple[float, Shop]]:
    """Yield the minute and the shop of each order: independent customers, and more of them in a rush."""
    now = 0.0
    while True:
        weights = [shop.share * (1 + shop.rush.pressure(now)) for shop in shops]
        now += chance.expovariate(orders_per_minute * sum(weights))
        yield now, chance.choices(shops, weights)[0]


def _arrived(in_transit: _InTransit, until: float) -> Iterator[tuple[float, CaseEvent]]:
    while in_transit and in_transit[0][0] <= until:
        arrives, _, event = heapq.heappop(in_transit)
        yield arrives, event
