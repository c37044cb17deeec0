"""The way to Kafka: records are sent by a thread of its own, and whoever puts one in waits until Kafka has it."""

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
_TRIES: Final = 3
_FORGET_SECONDS: Final = 60.0
"""Until it is tried again whether a topic takes larger records: somebody may have raised its limit."""


class _Refused(NamedTuple):
    """The size of a record that a topic did not take, and until when that is remembered."""

    size: int
    until: float


class Undelivered(Exception):
    """Kafka does not have the record, or did not say so in time. is_too_large: it never will."""

    def __init__(self, why: str, *, is_too_large: bool = False) -> None:
        super().__init__(why)
        self.is_too_large = is_too_large


@dataclass(slots=True)
class _Waiting:
    """A message that somebody waits for. tries: how often it was sent."""

    message: OutputRecord
    done: asyncio.Future[None]
    tries: int = 0


class KafkaSink:
    """Sends with the producer that `connect` gives.

    To kafka-python an error that is not worth a retry, of one record, ends an idempotent producer: every record after
    it is refused with the error of the first. So a new producer then takes over, and takes what the old one refused
    for another's sake. It also takes over where the old one brings nothing more to Kafka: after an outage of the
    broker under load that can last, though the broker is back.
    """

    def __init__(self, connect: Callable[[], KafkaProducer], seconds: float) -> None:
        self._connect = connect
        self._producer = connect()
        self._seconds = seconds
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._is_ended = False
        self._delivered_at = time.monotonic()
        self._refused: dict[str, _Refused] = {}
        self._told: deque[tuple[asyncio.Future[None], Undelivered | None]] = deque()
        self._is_waking = False
        self._thread = Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    async def put(self, message: OutputRecord) -> None:
        """Return when all replicas of Kafka have it. Raises Undelivered; it may be there all the same, later."""
        waiting = _Waiting(message, asyncio.get_running_loop().create_future())
        self._queue.put(waiting)
        try:
            async with asyncio.timeout(self._seconds):
                await waiting.done
        except TimeoutError:
            self._is_ended = self._is_ended or time.monotonic() - self._delivered_at > self._seconds
            raise Undelivered(f"Kafka has not said within {self._seconds:g} s that it has it") from None

    def close(self) -> None:
        """Send what is waiting, and end."""
        self._queue.put(None)
        self._thread.join(_STOP_SECONDS)
        self._producer.close(timeout=_STOP_SECONDS)

    def _run(self) -> None:
        while (waiting := self._queue.get()) is not None:
            # Nobody waits for what was given up: it will be sent to us again.
            if not waiting.done.done():
                self._send(waiting)

    def _send(self, waiting: _Waiting) -> None:
        message = waiting.message
        if self._is_known_too_large(message):
            self._tell(waiting, Undelivered("too large", is_too_large=True))
            return
        waiting.tries += 1
        try:
            self._mend()
            sent = self._producer.send(message.topic, message.value, message.key, list(message.headers))
        except (KafkaError, KafkaFailed) as error:
            self._tell(waiting, Undelivered(f"Kafka: {type(error).__name__}"))
            return
        sent.add_callback(partial(self._delivered, waiting))
        sent.add_errback(partial(self._failed, waiting, self._producer))

    def _mend(self) -> None:
        """Raises KafkaFailed where Kafka is not reached."""
        if self._is_ended:
            with suppress(KafkaError):
                self._producer.close(timeout=0)
            self._producer = self._connect()
            self._delivered_at = time.monotonic()
            self._is_ended = False

    def _is_known_too_large(self, message: OutputRecord) -> bool:
        """Its topic has refused as large a record, a short while ago: another try would end the producer again."""
        found = self._refused.get(message.topic)
        return found is not None and time.monotonic() < found.until and len(message.value or b"") >= found.size

    def _delivered(self, waiting: _Waiting, _: Any) -> None:
        self._delivered_at = time.monotonic()
        self._tell(waiting, None)

    def _failed(self, waiting: _Waiting, producer: KafkaProducer, error: BaseException) -> None:
        """Told by the thread of the producer, of one record after the other; of the one that ended it first."""
        message, is_too_large = waiting.message, False
        if not isinstance(error, RetriableError | KafkaTimeoutError):
            is_victim = self._is_ended or producer is not self._producer
            if is_victim and waiting.tries < _TRIES:
                self._queue.put(waiting)
                return
            self._is_ended = self._is_ended or producer is self._producer
            is_too_large = not is_victim and isinstance(error, MessageSizeTooLargeError | RecordListTooLargeError)
            if is_too_large:
                self._refused[message.topic] = _Refused(len(message.value or b""), time.monotonic() + _FORGET_SECONDS)
            log.warning(
                "Kafka refuses a record of %d bytes for %s: %r", len(message.value or b""), message.topic, error
            )
        self._tell(waiting, Undelivered(f"Kafka: {type(error).__name__}", is_too_large=is_too_large))

    def _tell(self, waiting: _Waiting, error: Undelivered | None) -> None:
        """Kafka answers for many records at once: the event loop is woken once for all of them."""
        self._told.append((waiting.done, error))
        if not self._is_waking:
            self._is_waking = True
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                waiting.done.get_loop().call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        self._is_waking = False  # before the first is taken: whoever comes after that wakes us again
        while self._told:
            done, error = self._told.popleft()
            if not done.done():
                done.set_result(None) if error is None else done.set_exception(error)
