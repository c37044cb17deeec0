"""The settings of a worker."""

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
    """The settings of a worker.

    connection: the Kafka cluster. clock: `live` follows the wall clock once all is read, `stream` only the records.
    metrics: the address of /metrics. group: the consumer group, one for all workers of a deployment.
    processing: exactly_once writes in transactions, which also fence a worker that was presumed dead; at_least_once
    writes without, and may repeat outputs under the same ids.
    retention: the time to keep a case after it is closed and all its deadlines are past; None keeps it for good. An
    event that is older than that, of an unknown case, is refused as too_late.
    instance: a name for this worker in the group, unique and stable over restarts; its partitions wait for it
    until the session expires. None: its partitions go to other workers as soon as it stops.
    feeds: by location, the feed whose watermark must pass a deadline there before the deadline counts as missed.
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
        """Whether the worker writes in transactions."""
        return self.processing == "exactly_once"
