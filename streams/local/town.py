"""The simulated town: eight shops, their promises and what becomes of them, as events on their way to Kafka.

For the demo and for tests. The same seed and start give the same town, event for event: there is no clock and no I/O
here. Memory holds what is under way only, so a town may go on for ever.
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
from streams.local.town_disorder import live
from streams.local.town_shops import SHOPS, Shop
from streams.local.town_stories import Pen, TownTime, take

MINUTE: Final = 1000
"""Milliseconds that a minute of the town lasts where it is shown; its policies are written for it."""

ORDERS_PER_MINUTE: Final = 6.0
"""Of the whole town, where it is shown."""


@dataclass(frozen=True, slots=True)
class TownEvent:
    """An event, and the instant at which it reaches Kafka; its key there is `event.case`."""

    at: Instant
    event: CaseEvent


def town(
    seed: int,
    start: Instant,
    minute: int = 60_000,
    orders_per_minute: float = 4.0,
    shops: Sequence[Shop] = SHOPS,
) -> Iterator[TownEvent]:
    """All that reaches Kafka from `start` on, in order of arrival, without end.

    minute: real milliseconds that a town minute lasts: 60000 is life as it is, 1000 a day in 24 minutes.
    orders_per_minute: of the whole town, in a town minute of a quiet hour.
    Raises ValueError where time would stand still or nobody would come.
    """
    if minute < 1:
        raise ValueError(f"minute is {minute}: a town minute lasts at least 1 millisecond")
    if orders_per_minute <= 0:
        raise ValueError(f"orders_per_minute is {orders_per_minute}: give a number above 0")
    return _arrivals(Random(seed), TownTime(start, minute), orders_per_minute, shops)


_Coming = list[tuple[float, int, CaseEvent]]
"""What is under way: the minute in which it reaches Kafka, its place among equals, the event."""


def _arrivals(chance: Random, time: TownTime, orders_per_minute: float, shops: Sequence[Shop]) -> Iterator[TownEvent]:
    coming: _Coming = []
    place = count()
    opened = to_datetime(time.start).strftime("%y%m%d%H%M%S")
    for number, (made, shop) in enumerate(_customers(chance, orders_per_minute, shops), start=1):
        for reaches, event in _reached(coming, made):
            yield TownEvent(time.at(reaches), event)
        order = take(shop, made, chance)
        # Two runs against one broker must not meet in one case, so the case says when its town opened.
        pen = Pen(f"{shop.location}-{opened}-{number}", time, order, chance)
        for happening in live(order, pen):
            heapq.heappush(coming, (happening.reaches, next(place), happening.event))


def _customers(chance: Random, orders_per_minute: float, shops: Sequence[Shop]) -> Iterator[tuple[float, Shop]]:
    """Each order's minute and shop: independent customers, more of them where there is a rush."""
    now = 0.0
    while True:
        crowd = [shop.share * (1 + shop.rush.pressure(now)) for shop in shops]
        now += chance.expovariate(orders_per_minute * sum(crowd))
        yield now, chance.choices(shops, crowd)[0]


def _reached(coming: _Coming, until: float) -> Iterator[tuple[float, CaseEvent]]:
    while coming and coming[0][0] <= until:
        reaches, _, event = heapq.heappop(coming)
        yield reaches, event
