"""What a worker is told, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from streams.config.feeds import Feed
from streams.intake.state import Adapts
from streams.judging.locations import FeedsOf
from streams.judging.policy import Millis, Policies
from streams.kafka.connection import Connection

ClockMode = Literal["live", "stream"]
Processing = Literal["exactly_once", "at_least_once"]

_CLIENT: Final = "promises-"


class Address(NamedTuple):
    """A host and a port."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read HOST:PORT. Raises ValueError saying what is wrong with it."""
        host, _, port = text.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            raise ValueError(f"{text!r} is no HOST:PORT, such as 127.0.0.1:9464")
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def client_id(metrics: Address) -> str:
    """What a worker calls itself to Kafka: where it serves /metrics and /readyz, so that `promises status` finds it.

    A hyphen before the port: Kafka takes any character, but some of its tools and exporters only A-Z a-z 0-9 . _ -
    """
    return f"{_CLIENT}{metrics.host}-{metrics.port}"


def metrics_of(client: str) -> Address | None:
    """Where the worker of that client id serves /metrics; None where it is no worker's."""
    host, _, port = client.removeprefix(_CLIENT).rpartition("-")
    if not client.startswith(_CLIENT) or not host or not port.isdecimal():
        return None
    return Address(host, int(port))


@dataclass(frozen=True, slots=True)
class Settings:
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
    feeds: FeedsOf = field(default_factory=dict)

    @property
    def is_exact(self) -> bool:
        """Whether it writes in transactions."""
        return self.processing == "exactly_once"


@dataclass(frozen=True, slots=True)
class IntakeSettings:
    """The settings of an intake. adapters: by the name of the feed. partitions: how many each topic has that is written
    to. connection, metrics, group, instance: as in Settings."""

    connection: Connection
    feeds: tuple[Feed, ...]
    adapters: Mapping[str, Adapts]
    partitions: Mapping[str, int]
    metrics: Address
    group: str
    instance: str | None = None
