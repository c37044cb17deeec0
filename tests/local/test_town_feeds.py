"""Tests of the feeds of the town, one of which is offline for a while."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from schemas.events import CaseEvent, StepReached
from schemas.instants import Instant, parse_instant, to_datetime
from streams.local.town_feeds import BEAT_MS, TownFeeds, feed_of
from streams.local.town_shops import SHOPS

NOON = parse_instant("2026-03-02T12:00:00Z")
QUAY, MARKET = "bar-quay", "bar-market"


def started(case: str, location: str) -> CaseEvent:
    return StepReached(id="e1", case=case, occurred_at=to_datetime(NOON), location=location, step="started")


@dataclass
class Street:
    """The feeds, and the records that they sent."""

    offline: set[str] = field(default_factory=set)
    sent: list[tuple[Instant, int | None, dict[str, Any]]] = field(default_factory=list)
    tills: TownFeeds = field(init=False)

    def __post_init__(self) -> None:
        self.tills = TownFeeds(self._send, (0, 1), self.offline)

    def _send(self, at: Instant, key: bytes | None, value: bytes, partition: int | None) -> None:
        content = msgspec.json.decode(value)
        assert key == (content["case"].encode() if "case" in content else None)
        self.sent.append((at, partition, content))

    def cases(self) -> list[str]:
        return [content["case"] for _, _, content in self.sent if "case" in content]

    def heard(self, location: str) -> list[tuple[Instant, int | None]]:
        """Return the time and partition of each clock record of the feed of that location."""
        return [(at, partition) for at, partition, content in self.sent if content.get("source") == feed_of(location)]


def test_every_partition_gets_a_clock_record_of_every_feed_every_second() -> None:
    street = Street()
    street.tills.beat(NOON)

    for shop in SHOPS:
        assert street.heard(shop.location) == [(NOON, 0), (NOON, 1)]
    assert street.sent[0][2]["at"] == "2026-03-02T12:00:00Z"


def test_an_offline_feed_stores_its_events_and_sends_them_later() -> None:
    street = Street()
    street.offline.add(QUAY)
    street.tills.add(started("q1", QUAY), NOON)
    street.tills.add(started("m1", MARKET), NOON)
    street.tills.beat(NOON)
    assert (street.cases(), street.heard(QUAY)) == (["m1"], [])

    street.offline.clear()
    street.tills.add(started("q2", QUAY), NOON + 1)
    assert street.cases() == ["m1"], "what happened before comes first"
    street.tills.beat(NOON + BEAT_MS)
    street.tills.add(started("q3", QUAY), NOON + BEAT_MS + 1)
    assert street.cases() == ["m1", "q1", "q2", "q3"]
    assert street.heard(QUAY) == [(NOON + BEAT_MS, 0), (NOON + BEAT_MS, 1)]


def test_stored_events_are_sent_before_the_clock_record() -> None:
    street = Street()
    street.offline.add(QUAY)
    street.tills.add(started("q1", QUAY), NOON)
    street.offline.clear()
    street.tills.beat(NOON + BEAT_MS)

    content = [content.get("case", content.get("source")) for _, _, content in street.sent]
    assert content.index("q1") < content.index(feed_of(QUAY))
