"""Whether Kafka can be reached, asked by a thread of its own every few seconds; and whether the event loop moves."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Final

import msgspec
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from streams.kafka.clients import admin_client
from streams.kafka.connection import Connection, KafkaFailed
from streams.kafka.permissions import is_missing
from streams.metrics.health import Health, health_at

_ASK_SECONDS: Final = 2.0
_SILENT_SECONDS: Final = 8.0
"""How long Kafka may not have answered."""


class GatewayReadiness(msgspec.Struct, frozen=True):
    """What /readyz says. says: the same for people."""

    ready: bool
    says: str


class KafkaProbe:
    """What is known of Kafka, and of ourselves. `beat` is set by the event loop."""

    def __init__(self, connection: Connection, topics: Iterable[str]) -> None:
        self._connection = connection
        self._topics = sorted(set(topics))
        self._answered = self.beat = time.monotonic()
        self._trouble = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="reach", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask no more; the thread may still wait for an answer, and ends with the process."""
        self._over.set()

    def readiness(self) -> GatewayReadiness:
        age = time.monotonic() - self._answered
        if age > _SILENT_SECONDS:
            return GatewayReadiness(False, f"Kafka has not answered for {age:.0f} s")
        return GatewayReadiness(not self._trouble, self._trouble or "Kafka answers, and has every topic")

    def health(self) -> Health:
        return health_at(self.beat, time.monotonic())

    def _watch(self) -> None:
        while not self._over.is_set():
            try:
                with admin_client(self._connection) as admin:
                    self._ask(admin)
            except (KafkaError, KafkaFailed, OSError):
                self._over.wait(_ASK_SECONDS / 4)

    def _ask(self, admin: KafkaAdminClient) -> None:
        """Until told to end. Raises KafkaError."""
        while not self._over.is_set():
            missing = [topic for topic in self._topics if is_missing(admin, topic)]
            self._trouble = f"Kafka has no topic {', '.join(missing)}" if missing else ""
            self._answered = time.monotonic()
            self._over.wait(_ASK_SECONDS)
