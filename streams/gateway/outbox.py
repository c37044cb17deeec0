"""The way to Kafka: records are sent by a thread of its own, and whoever puts one in waits until Kafka has it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final, NamedTuple

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError, RetriableError

from streams.kafka import KafkaFailed

log = logging.getLogger("promises")

_STOP_SECONDS: Final = 2.0


class Message(NamedTuple):
    """A record for Kafka."""

    topic: str
    value: bytes
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class Undelivered(Exception):
    """Kafka does not have the record, or did not say so in time. is_too_large: it never will."""

    def __init__(self, why: str, *, is_too_large: bool = False) -> None:
        super().__init__(why)
        self.is_too_large = is_too_large


class _Waiting(NamedTuple):
    message: Message
    done: asyncio.Future[None]


class Outbox:
    """Sends with the producer that `connect` gives, and with a new one where that has come to an end."""

    def __init__(self, connect: Callable[[], KafkaProducer], seconds: float) -> None:
        self._connect = connect
        self._producer = connect()
        self._seconds = seconds
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._is_broken = False
        self._thread = Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    async def put(self, message: Message) -> None:
        """Return when all replicas of Kafka have it. Raises Undelivered; it may be there all the same, later."""
        waiting = _Waiting(message, asyncio.get_running_loop().create_future())
        self._queue.put(waiting)
        try:
            async with asyncio.timeout(self._seconds):
                await waiting.done
        except TimeoutError:
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
        try:
            self._mend()
            sent = self._producer.send(message.topic, message.value, message.key, list(message.headers))
        except (KafkaError, KafkaFailed) as error:
            self._failed(waiting, error)
            return
        sent.add_callback(partial(self._delivered, waiting))
        sent.add_errback(partial(self._failed, waiting))

    def _mend(self) -> None:
        """A producer that lost its place among its own records takes no more: another one does."""
        if self._is_broken:
            self._is_broken = False
            with suppress(KafkaError):
                self._producer.close(timeout=0)
            self._producer = self._connect()

    def _delivered(self, waiting: _Waiting, _: Any) -> None:
        self._tell(waiting, None)

    def _failed(self, waiting: _Waiting, error: BaseException) -> None:
        is_too_large = isinstance(error, MessageSizeTooLargeError)
        if not is_too_large and not isinstance(error, RetriableError | KafkaTimeoutError):
            log.warning("a record for %s is refused: %r", waiting.message.topic, error)
            self._is_broken = True
        self._tell(waiting, Undelivered(f"Kafka: {type(error).__name__}", is_too_large=is_too_large))

    def _tell(self, waiting: _Waiting, error: Undelivered | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            waiting.done.get_loop().call_soon_threadsafe(_settle, waiting.done, error)


def _settle(done: asyncio.Future[None], error: Undelivered | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
