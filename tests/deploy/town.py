"""The town for end-to-end tests: with a bad hour in the kitchen before the test, and usual business after it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile
from typing import Final

from schemas.instants import Instant
from streams.kafka.connection import Connection
from streams.local.town import TownEvent, town
from streams.local.town_feeds import send_events
from streams.local.town_shops import NO_RUSH, PHARMACY, SHOPS, STEADY, Rush, Shop, StaffMember

MINUTE: Final = 1000
"""Milliseconds per minute of the town, for which its policies are written."""

_BAD_HOUR: Final = Rush(begins=0, lasts=60, every=10_000, slower=4, never=0.8)


def _steady(shop: Shop) -> Shop:
    """Return the shop without a rush, and with staff that are hardly ever late; in the pharmacy never."""
    if shop is PHARMACY:
        return shop
    return replace(shop, rush=NO_RUSH, staff=tuple(StaffMember(member.id, STEADY) for member in shop.staff))


_QUIET: Final = tuple(map(_steady, SHOPS))
_BAD: Final = tuple(replace(shop, rush=_BAD_HOUR) if shop.location == "kitchen" else shop for shop in _QUIET)


def bad_hour(start: Instant) -> Iterator[TownEvent]:
    """Return an hour of the town, which is a real minute, with an overload in the kitchen, and its consequences."""
    return takewhile(lambda arrival: arrival.at < start + 150 * MINUTE, town(1, start, MINUTE, 40, _BAD))


def quiet(start: Instant) -> Iterator[TownEvent]:
    """Return the town without a rush from `start` on."""
    return town(2, start, MINUTE, 20, _QUIET)


class Living:
    """The town, living in a thread. offline: the locations whose tills are, to be changed at any time. is_shut: no
    shop does anything any more; the tills go on to say that they are read."""

    def __init__(self, bootstrap: str, arrivals: Iterator[TownEvent]) -> None:
        self.offline: set[str] = set()
        self.is_shut = False
        self._off = threading.Event()
        opened = takewhile(lambda _: not self.is_shut, arrivals)
        arguments = (Connection(bootstrap), opened, self._off.wait, self.offline)
        self._thread = threading.Thread(target=send_events, args=arguments)
        self._thread.start()

    def close(self) -> None:
        """Stop the town, and wait until all its events are in Kafka."""
        self._off.set()
        self._thread.join()
