"""What a worker is told, checked once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from schemas.instants import Millis
from streams.judging.locations import FeedLookup
from streams.judging.policy import Policies
from streams.kafka.connection import Connection
from streams.metrics.address import Address

ClockMode = Literal["live", "stream"]
Processing = Literal["exactly_once", "at_least_once"]


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """A worker's settings.

    connection: how to reach Kafka. clock: `live` follows the wall clock once all is read, `stream` the records alone.
    metrics: where /metrics is served. group: the consumer group, one for all workers of one deployment.
    processing: exactly_once writes in transactions, which also shut out a worker that was given up for dead;
    at_least_once writes without, and may repeat outputs under the same ids.
    retention: how long a case is kept after it closed and all of it is past; None: for good. An event of a case that is
    not known and longer ago than that is refused as too_late.
    instance: the name of this worker in the group, its own and the same after a restart; then its partitions wait for
    it as long as a session. None: they go to the others at once when it stops.
    feeds: by location, the feed that has to be heard of before a deadline there has passed.
    """

    connection: Connection
    policies: Policies
    clock: ClockMode
    metrics: Address
    group: str
    processing: Processing = "exactly_once"
    instance: str | None = None
    retention: Millis | None = None
    feeds: FeedLookup = field(default_factory=dict)

    @property
    def is_exact(self) -> bool:
        """Whether it writes in transactions."""
        return self.processing == "exactly_once"
