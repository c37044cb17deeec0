"""The sender of the load, at a steady rate, whatever happens to the brokers."""

from __future__ import annotations

import threading
import time
from typing import Final

from kafka import KafkaProducer

from streams.kafka.topics import EVENTS
from tests.chaos.load import RECORDS_PER_ORDER, START, clock_record, orders
from tests.worker.records import PARTITIONS

_PATIENCE_MS: Final = 600_000
_OPEN_AT_ONCE: Final = 2_000


class Sender(threading.Thread):
    """A thread that sends orders until `finish` is called. rate: records a second."""

    def __init__(self, bootstrap: str, seed: int, rate: float) -> None:
        super().__init__(name="the load", daemon=True)
        self.sent = 0
        self.last = START
        self._orders = orders(seed, _OPEN_AT_ONCE)
        self._rate = rate
        self._stopped = threading.Event()
        self._failed: list[Exception] = []
        # Records wait in the producer while brokers are down, longer than any fault lasts.
        self._producer = KafkaProducer(
            bootstrap_servers=bootstrap,
            acks="all",
            enable_idempotence=True,
            linger_ms=5,
            delivery_timeout_ms=_PATIENCE_MS,
            max_block_ms=_PATIENCE_MS,
            request_timeout_ms=10_000,
            reconnect_backoff_max_ms=1_000,
        )

    def run(self) -> None:
        """Send until `finish`."""
        try:
            self._skip_beginning()
            began, before = time.monotonic(), self.sent
            while not self._stopped.is_set():
                if self.sent - before < (time.monotonic() - began) * self._rate:
                    self._send_next()
                else:
                    time.sleep(0.005)
        except Exception as error:
            self._failed.append(error)

    def finish(self) -> None:
        """Stop, send every partition a clock record of the last instant, and wait until all is written.

        Raises RuntimeError if a record was not written.

        """
        self._stopped.set()
        self.join()
        for partition in range(PARTITIONS):
            self._send(clock_record(self.last), self.last, partition=partition)
        self._producer.flush(_PATIENCE_MS / 1000)
        self._producer.close()
        if self._failed:
            raise RuntimeError(f"{len(self._failed)} records of the load were not written: {self._failed[0]!r}")

    def _skip_beginning(self) -> None:
        """Send the first orders at once, until as many are open as will be from then on."""
        for _ in range(int(_OPEN_AT_ONCE * RECORDS_PER_ORDER / 2)):
            self._send_next()

    def _send_next(self) -> None:
        record = next(self._orders)
        self.last = max(self.last, record.at)
        self._send(record.value, record.at, key=record.key)

    def _send(self, value: bytes, at: int, *, key: bytes | None = None, partition: int | None = None) -> None:
        sending = self._producer.send(EVENTS.name, value, key=key, partition=partition, timestamp_ms=at)
        sending.add_errback(self._failed.append)
        self.sent += 1
