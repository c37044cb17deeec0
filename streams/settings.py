"""What a worker is told, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from streams.judging.policy import Policies

ClockMode = Literal["live", "stream"]
Processing = Literal["exactly_once", "at_least_once"]


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


@dataclass(frozen=True, slots=True)
class Settings:
    """A worker's settings.

    bootstrap: Kafka, as HOST:PORT[,HOST:PORT]. clock: `live` follows the wall clock once all is read, `stream` the
    records alone. metrics: where /metrics is served. group: the consumer group, one for all workers of one deployment.
    processing: exactly_once writes in transactions, which also shut out a worker that was given up for dead;
    at_least_once writes without, and may repeat outputs under the same ids.
    instance: the name of this worker in the group, its own and the same after a restart; then its partitions wait for
    it as long as a session. None: they go to the others at once when it stops.
    """

    bootstrap: str
    policies: Policies
    clock: ClockMode
    metrics: Address
    group: str
    processing: Processing = "exactly_once"
    instance: str | None = None
