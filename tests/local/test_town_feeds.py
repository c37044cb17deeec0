"""The tills of the town: one goes offline for a while, and loses nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from schemas.events import CaseEvent, StepReached
from schemas.instants import Instant, parse_instant, to_datetime
from streams.local.town_feeds import BEAT_MS, TownFeeds, feed
from streams.local.town_shops import SHOPS

NOON = parse_instant("2026-03-02T12:00:00Z")
QUAY, MARKET = "bar-quay", "bar-market"


def started(case: str, location: str) -> CaseEvent:
    return StepReached(id="e1", case=case, occurred_at=to_datetime(NOON), location=location, step="started")


@dataclass
class Street:
    """The tills, and all that they sent."""

    offline: set[str] = field(default_factory=set)
    sent: list[tuple[Instant, int | None, dict[str, Any]]] = field(default_factory=list)
    tills: TownFeeds = field(init=False)

    def __post_init__(self) -> None:
        self.tills = TownFeeds(self._send, (0, 1), self.offline)

    def _send(self, at: Instant, key: bytes | None, value: bytes, partition: int | None) -> None:
        said = msgspec.json.decode(value)
        assert key == (said["case"].encode() if "case" in said else None)
        self.sent.append((at, partition, said))

    def cases(self) -> list[str]:
        return [said["case"] for _, _, said in self.sent if "case" in said]

    def heard(self, location: str) -> list[tuple[Instant, int | None]]:
        """When each partition was told how far that till was read."""
        return [(at, partition) for at, partition, said in self.sent if said.get("source") == feed(location)]


def test_every_second_every_partition_hears_of_every_till() -> None:
    street = Street()
    street.tills.beat(NOON)

    for shop in SHOPS:
        assert street.heard(shop.location) == [(NOON, 0), (NOON, 1)]
    assert street.sent[0][2]["at"] == "2026-03-02T12:00:00Z"


def test_a_till_that_is_offline_keeps_what_happens_and_sends_it_when_it_is_back() -> None:
    street = Street()
    street.offline.add(QUAY)
    street.tills.take(started("q1", QUAY), NOON)
    street.tills.take(started("m1", MARKET), NOON)
    street.tills.beat(NOON)
    assert (street.cases(), street.heard(QUAY)) == (["m1"], [])

    street.offline.clear()
    street.tills.take(started("q2", QUAY), NOON + 1)
    assert street.cases() == ["m1"], "what happened before comes first"
    street.tills.beat(NOON + BEAT_MS)
    street.tills.take(started("q3", QUAY), NOON + BEAT_MS + 1)
    assert street.cases() == ["m1", "q1", "q2", "q3"]
    assert street.heard(QUAY) == [(NOON + BEAT_MS, 0), (NOON + BEAT_MS, 1)]


def test_nobody_hears_how_far_a_till_is_before_what_it_kept() -> None:
    street = Street()
    street.offline.add(QUAY)
    street.tills.take(started("q1", QUAY), NOON)
    street.offline.clear()
    street.tills.beat(NOON + BEAT_MS)

    said = [said.get("case", said.get("source")) for _, _, said in street.sent]
    assert said.index("q1") < said.index(feed(QUAY))
