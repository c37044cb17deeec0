"""Health and readiness of the gateway: whether its event loop runs, and whether Kafka responds to a probe thread."""

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

_INTERVAL_SECONDS: Final = 2.0
_SILENT_SECONDS: Final = 8.0
"""How long Kafka may go without an answer before the gateway is not ready."""


class GatewayReadiness(msgspec.Struct, frozen=True):
    """The document at /readyz. says: the same as a sentence for people."""

    ready: bool
    says: str


class KafkaProbe:
    """Asks Kafka for its topics every few seconds. beat: when the event loop last ran; the event loop sets it."""

    def __init__(self, connection: Connection, topics: Iterable[str]) -> None:
        self._connection = connection
        self._topics = sorted(set(topics))
        self._answered_at = self.beat = time.monotonic()
        self._problem = ""
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kafka-probe", daemon=True)

    def start(self) -> None:
        """Start asking."""
        self._thread.start()

    def stop(self) -> None:
        """Stop asking. The thread may still wait for an answer, and ends with the process."""
        self._is_stopped.set()

    def readiness(self) -> GatewayReadiness:
        """Return whether Kafka answers and has every topic."""
        age = time.monotonic() - self._answered_at
        if age > _SILENT_SECONDS:
            return GatewayReadiness(False, f"Kafka has not answered for {age:.0f} s")
        return GatewayReadiness(not self._problem, self._problem or "Kafka answers, and has every topic")

    def health(self) -> Health:
        """Return whether the event loop runs."""
        return health_at(self.beat, time.monotonic())

    def _run(self) -> None:
        while not self._is_stopped.is_set():
            try:
                with admin_client(self._connection) as admin:
                    self._ask(admin)
            except (KafkaError, KafkaFailed, OSError):
                self._is_stopped.wait(_INTERVAL_SECONDS / 4)

    def _ask(self, admin: KafkaAdminClient) -> None:
        """Ask until stopped. Raises KafkaError."""
        while not self._is_stopped.is_set():
            missing = [topic for topic in self._topics if is_missing(admin, topic)]
            self._problem = f"Kafka has no topic {', '.join(missing)}" if missing else ""
            self._answered_at = time.monotonic()
            self._is_stopped.wait(_INTERVAL_SECONDS)
