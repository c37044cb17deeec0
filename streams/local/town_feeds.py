"""The feeds of the simulated town, one till per shop, which send the events of the shops to Kafka.

A till sends its events when they happen, and a clock record every second. A till that is offline stores its events and
sends them when it is online again.
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
"""The interval of clock records."""

Send = Callable[[Instant, bytes | None, bytes, int | None], object]
"""Sends a record with this timestamp, key and value to this partition; None: the partition of the key."""


def feed_of(location: str) -> str:
    """Return the name of the feed of that location."""
    return f"till-{location}"


class TownFeeds:
    """The feeds of all shops. offline: the locations whose feeds are offline; it may change at any time."""

    def __init__(self, send: Send, partitions: Iterable[int], offline: Collection[str]) -> None:
        self._send = send
        self._partitions = tuple(partitions)
        self._offline = offline
        self._stored: dict[str, list[CaseEvent]] = {}

    def add(self, event: CaseEvent, now: Instant) -> None:
        """Send an event, or store it while the feed of its location is offline."""
        if event.location in self._offline or event.location in self._stored:
            self._stored.setdefault(event.location or "", []).append(event)
        else:
            self._send(now, event.case.encode(), msgspec.json.encode(event), None)

    def beat(self, now: Instant) -> None:
        """Send the stored events and the clock records of all feeds that are online."""
        for shop in SHOPS:
            if shop.location in self._offline:
                continue
            for event in self._stored.pop(shop.location, ()):
                self._send(now, event.case.encode(), msgspec.json.encode(event), None)
            clock = msgspec.json.encode(Clock(source=feed_of(shop.location), at=to_datetime(now)))
            for partition in self._partitions:
                self._send(now, None, clock, partition)


def send_events(
    connection: Connection,
    events: Iterable[TownEvent],
    wait: Callable[[float], bool],
    offline: Collection[str] = (),
) -> None:
    """Send `events` to promise.events at their time, with clock records every second, until the town is stopped.

    wait: waits for this many seconds, or until the town is stopped; returns whether it is. Raises KafkaFailed.
    """
    partitions = partitions_of(connection, Need("WRITE", "topic", EVENTS.name))
    client = producer(connection)

    def send(at: Instant, key: bytes | None, value: bytes, partition: int | None) -> object:
        return client.send(EVENTS.name, value, key=key, partition=partition, timestamp_ms=at)

    feeds = TownFeeds(send, partitions, offline)
    for at, event in _with_beats(events, wall_clock()):
        if wait(max(0, at - wall_clock()) / 1000):
            break
        if event is None:
            feeds.beat(at)
        else:
            feeds.add(event, at)
    client.close(timeout=5)


def _with_beats(events: Iterable[TownEvent], beat: Instant) -> Iterator[tuple[Instant, CaseEvent | None]]:
    """Yield the events with their time, and None every second from `beat` on; after the events, None without end."""
    for town_event in events:
        while beat <= town_event.at:
            yield beat, None
            beat += BEAT_MS
        yield town_event.at, town_event.event
    while True:
        yield beat, None
        beat += BEAT_MS
