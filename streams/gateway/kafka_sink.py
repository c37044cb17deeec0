"""The sink for the gateway's records: a thread of its own sends them; callers wait until Kafka has stored theirs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final, NamedTuple

from kafka import KafkaProducer
from kafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    RetriableError,
)

from streams.kafka.connection import KafkaFailed
from streams.records import OutputRecord

log = logging.getLogger("promises")

_STOP_SECONDS: Final = 2.0
_MAX_ATTEMPTS: Final = 3
_REMEMBER_SECONDS: Final = 60.0
"""How long a topic's limit is remembered. After that a large record is tried again: the limit may have been raised."""


class _SizeLimit(NamedTuple):
    """The size of a record that a topic refused, and until when that is remembered."""

    size: int
    until: float


class Undelivered(Exception):
    """Kafka has not stored the record, or did not confirm it in time. is_too_large: it never will."""

    def __init__(self, reason: str, *, is_too_large: bool = False) -> None:
        super().__init__(reason)
        self.is_too_large = is_too_large


@dataclass(slots=True)
class _Delivery:
    """A record whose sender waits for `done`. attempts: how often it was sent."""

    record: OutputRecord
    done: asyncio.Future[None]
    attempts: int = 0


class KafkaSink:
    """Sends records with the producer that `connect` returns.

    In kafka-python, a fatal error of one record breaks an idempotent producer: every later record then fails with the
    same error. A new producer then takes over, and sends the other records again. It also takes
    over when the old one delivers nothing more: after an outage of the broker under load that can last although the
    broker is back.
    """

    def __init__(self, connect: Callable[[], KafkaProducer], seconds: float) -> None:
        """seconds: how long a sender waits for a record."""
        self._connect = connect
        self._producer = connect()
        self._seconds = seconds
        self._queue: SimpleQueue[_Delivery | None] = SimpleQueue()
        self._is_broken = False
        self._last_delivery = time.monotonic()
        self._size_limits: dict[str, _SizeLimit] = {}
        self._results: deque[tuple[asyncio.Future[None], Undelivered | None]] = deque()
        self._is_wakeup_pending = False
        self._thread = Thread(target=self._run, name="kafka-sink", daemon=True)
        self._thread.start()

    async def send(self, record: OutputRecord) -> None:
        """Return when all replicas have stored the record. Raises Undelivered; it may still be stored later."""
        delivery = _Delivery(record, asyncio.get_running_loop().create_future())
        self._queue.put(delivery)
        try:
            async with asyncio.timeout(self._seconds):
                await delivery.done
        except TimeoutError:
            self._is_broken = self._is_broken or time.monotonic() - self._last_delivery > self._seconds
            raise Undelivered(f"Kafka did not confirm it within {self._seconds:g} s") from None

    def close(self) -> None:
        """Send the records in the queue, and stop."""
        self._queue.put(None)
        self._thread.join(_STOP_SECONDS)
        self._producer.close(timeout=_STOP_SECONDS)

    def _run(self) -> None:
        while (delivery := self._queue.get()) is not None:
            # A record whose sender has given up is dropped: the vendor sends it again.
            if not delivery.done.done():
                self._send(delivery)

    def _send(self, delivery: _Delivery) -> None:
        record = delivery.record
        if self._exceeds_limit(record):
            self._resolve(delivery, Undelivered("too large", is_too_large=True))
            return
        delivery.attempts += 1
        try:
            self._replace_broken_producer()
            future = self._producer.send(record.topic, record.value, record.key, list(record.headers))
        except (KafkaError, KafkaFailed) as error:
            self._resolve(delivery, Undelivered(f"Kafka: {type(error).__name__}"))
            return
        future.add_callback(partial(self._on_success, delivery))
        future.add_errback(partial(self._on_error, delivery, self._producer))

    def _replace_broken_producer(self) -> None:
        """Connect a new producer if the old one is broken. Raises KafkaFailed if Kafka cannot be reached."""
        if self._is_broken:
            with suppress(KafkaError):
                self._producer.close(timeout=0)
            self._producer = self._connect()
            self._last_delivery = time.monotonic()
            self._is_broken = False

    def _exceeds_limit(self, record: OutputRecord) -> bool:
        """Return True if the topic recently refused a record of this size. Another try would break the producer."""
        limit = self._size_limits.get(record.topic)
        return limit is not None and time.monotonic() < limit.until and len(record.value or b"") >= limit.size

    def _on_success(self, delivery: _Delivery, _: Any) -> None:
        self._last_delivery = time.monotonic()
        self._resolve(delivery, None)

    def _on_error(self, delivery: _Delivery, producer: KafkaProducer, error: BaseException) -> None:
        """Handle the failure of a record. The producer's thread calls this for the record that broke it first."""
        record, size, is_too_large = delivery.record, len(delivery.record.value or b""), False
        if not isinstance(error, RetriableError | KafkaTimeoutError):
            is_follow_up = self._is_broken or producer is not self._producer
            if is_follow_up and delivery.attempts < _MAX_ATTEMPTS:
                self._queue.put(delivery)
                return
            self._is_broken = self._is_broken or producer is self._producer
            is_too_large = not is_follow_up and isinstance(error, MessageSizeTooLargeError | RecordListTooLargeError)
            if is_too_large:
                self._size_limits[record.topic] = _SizeLimit(size, time.monotonic() + _REMEMBER_SECONDS)
            log.warning("Kafka refuses a record of %d bytes for %s: %r", size, record.topic, error)
        self._resolve(delivery, Undelivered(f"Kafka: {type(error).__name__}", is_too_large=is_too_large))

    def _resolve(self, delivery: _Delivery, error: Undelivered | None) -> None:
        """Pass a result to the event loop. Kafka confirms many records at once; the loop is woken once for all."""
        self._results.append((delivery.done, error))
        if not self._is_wakeup_pending:
            self._is_wakeup_pending = True
            with suppress(RuntimeError):  # the loop is closed, so no request waits for it
                delivery.done.get_loop().call_soon_threadsafe(self._complete)

    def _complete(self) -> None:
        """Complete the futures of all results. Runs in the event loop."""
        self._is_wakeup_pending = False  # before the first result is taken, so that a later one wakes the loop again
        while self._results:
            done, error = self._results.popleft()
            if not done.done():
                done.set_result(None) if error is None else done.set_exception(error)
