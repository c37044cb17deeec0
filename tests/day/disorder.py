"""The arrival of webhooks: most at once, some twice, some in the wrong order, some much later with outdated content."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import NamedTuple

from schemas.instants import Instant
from tests.day.webhooks import Webhook


class Arrival(NamedTuple):
    """A webhook, and the instant at which it is posted."""

    at: Instant
    webhook: Webhook


def disordered(sent: Iterable[Webhook], seed: int, minute: float) -> list[Arrival]:
    """Return all arrivals, in order; a minute of the day lasts `minute` milliseconds."""
    chance = Random(seed)
    return sorted(arrival for webhook in sent for arrival in _arrivals(webhook, chance, minute))


def _arrivals(webhook: Webhook, chance: Random, minute: float) -> list[Arrival]:
    def later(least: float, most: float) -> Arrival:
        return Arrival(webhook.at + int(chance.uniform(least, most) * minute), webhook)

    luck = chance.random()
    if luck < 0.10:  # sent again, though it was taken
        return [later(0, 0.1), later(0.5, 10)]
    if luck < 0.20:  # overtaken by those after it
        return [later(1, 15)]
    if luck < 0.25:  # tried again hours later, with what it said then
        return [later(60, 240)]
    if luck < 0.27:  # and both
        return [later(5, 60), later(60, 240), later(0, 0.1)]
    return [later(0, 0.1)]
