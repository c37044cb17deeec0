"""The settings of intake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streams.config.feeds import Feed
from streams.intake.state import AdapterFunction
from streams.kafka.connection import Connection
from streams.metrics.address import Address


@dataclass(frozen=True, slots=True)
class IntakeSettings:
    """The settings of intake.

    adapters: by the name of the feed. partition_counts: the number of partitions of each topic that intake writes to.
    connection, metrics, group, instance: see WorkerSettings.
    """

    connection: Connection
    feeds: tuple[Feed, ...]
    adapters: Mapping[str, AdapterFunction]
    partition_counts: Mapping[str, int]
    metrics: Address
    group: str
    instance: str | None = None
