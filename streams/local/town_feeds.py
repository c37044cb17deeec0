"""The tills of the simulated town: between what happens in its shops and Kafka.

Each till is a feed. It sends its events as they come, and says every second how far it has been read. One that is
offline keeps its events, and sends them when it is back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final

import msgspec

from schemas.events import CaseEvent, Clock
from schemas.instants import Instant, to_datetime
from streams.kafka.clients import partitions_of, producer
from streams.kafka.connection import Connection
from streams.kafka.permissions import Need
from streams.kafka.topics import EVENTS
from streams.local.town import TownEvent
from streams.local.town_shops import SHOPS
from streams.wall_clock import wall_clock

BEAT_MS: Final = 1000
"""How often a till says how far it has been read."""

Send = Callable[[Instant, bytes | None, bytes, int | None], object]
"""Sends a record: its timestamp, key and value, and the partition where that does not follow from the key."""


def feed(location: str) -> str:
    """The name of the till of that location."""
    return f"till-{location}"


class TownFeeds:
    """The tills of all shops. offline: the locations whose tills are; it may change at any time."""

    def __init__(self, send: Send, partitions: Iterable[int], offline: Collection[str]) -> None:
        self._send = send
        self._partitions = tuple(partitions)
        self._offline = offline
        self._kept: dict[str, list[CaseEvent]] = {}

    def take(self, event: CaseEvent, now: Instant) -> None:
        """An event reaches the till of its location."""
        if event.location in self._offline or event.location in self._kept:
            self._kept.setdefault(event.location or "", []).append(event)
        else:
            self._send(now, event.case.encode(), msgspec.json.encode(event), None)

    def beat(self, now: Instant) -> None:
        """A second is over: the tills that are not offline send what they kept, and say how far they are."""
        for shop in SHOPS:
            if shop.location in self._offline:
                continue
            for event in self._kept.pop(shop.location, ()):
                self._send(now, event.case.encode(), msgspec.json.encode(event), None)
            heard = msgspec.json.encode(Clock(source=feed(shop.location), at=to_datetime(now)))
            for partition in self._partitions:
                self._send(now, None, heard, partition)


def live(
    connection: Connection,
    arrivals: Iterable[TownEvent],
    off_within: Callable[[float], bool],
    offline: Collection[str] = (),
) -> None:
    """Send what arrives to promise.events when its time has come, and beat, until the tills are switched off.

    off_within: waits so many seconds, or until they are, and says whether they are. Raises KafkaFailed.
    """
    partitions = partitions_of(connection, Need("WRITE", "topic", EVENTS.name))
    sending = producer(connection)

    def send(at: Instant, key: bytes | None, value: bytes, partition: int | None) -> object:
        return sending.send(EVENTS.name, value, key=key, partition=partition, timestamp_ms=at)

    tills = TownFeeds(send, partitions, offline)
    for at, event in _with_beats(arrivals, wall_clock()):
        if off_within(max(0, at - wall_clock()) / 1000):
            break
        if event is None:
            tills.beat(at)
        else:
            tills.take(event, at)
    sending.close(timeout=5)


def _with_beats(arrivals: Iterable[TownEvent], beat: Instant) -> Iterator[tuple[Instant, CaseEvent | None]]:
    """What arrives, and from `beat` on every second a beat; when nothing arrives any more, beats without end."""
    for arrival in arrivals:
        while beat <= arrival.at:
            yield beat, None
            beat += BEAT_MS
        yield arrival.at, arrival.event
    while True:
        yield beat, None
        beat += BEAT_MS
