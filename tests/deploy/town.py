"""The town for end to end tests: a bad hour at the kitchen lies behind it when the test begins, and then it goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import takewhile
from typing import Final

from schemas.instants import Instant
from streams.connection import Connection
from streams.local.tills import live
from streams.local.town import Arrival, town
from streams.local.town_shops import NO_RUSH, SHOPS, STEADY, Member, Rush, Shop

MINUTE: Final = 1000
"""Milliseconds of a minute of the town, for which its policies are written."""

_BAD_HOUR: Final = Rush(begins=0, lasts=60, every=10_000, slower=4, never=0.8)


def _steady(shop: Shop) -> Shop:
    """The shop without a rush, and with a staff that hardly ever is late."""
    return replace(shop, rush=NO_RUSH, staff=tuple(Member(member.id, STEADY) for member in shop.staff))


_QUIET: Final = tuple(map(_steady, SHOPS))
_BAD: Final = tuple(replace(shop, rush=_BAD_HOUR) if shop.location == "kitchen" else shop for shop in _QUIET)


def bad_hour(start: Instant) -> Iterator[Arrival]:
    """An hour of the town, a minute of ours, in which the kitchen drowns; and what becomes of its orders."""
    return takewhile(lambda arrival: arrival.at < start + 150 * MINUTE, town(1, start, MINUTE, 40, _BAD))


def quiet(start: Instant) -> Iterator[Arrival]:
    """The town without a rush from `start` on."""
    return town(2, start, MINUTE, 20, _QUIET)


@contextmanager
def living(bootstrap: str, arrivals: Iterator[Arrival]) -> Iterator[set[str]]:
    """The town lives; gives the locations whose tills are offline, to be changed."""
    closing, offline = threading.Event(), set[str]()
    thread = threading.Thread(target=live, args=(Connection(bootstrap), arrivals, closing.wait, offline))
    thread.start()
    try:
        yield offline
    finally:
        closing.set()
        thread.join()
