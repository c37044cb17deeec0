"""What every request meets, whatever it brings: the bounds, the counting, and an answer of JSON."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple

from starlette.types import Receive, Scope, Send

from schemas.instants import Instant
from streams.gateway.kafka_sink import KafkaSink, Undelivered
from streams.gateway.limits import Limits
from streams.gateway.metrics import GatewayMetrics
from streams.gateway.responses import CLOSE, JsonResponse, Refusal, not_now
from streams.records import OutputRecord
from streams.wall_clock import wall_clock


class SenderGone(Exception):
    """Whoever sent the request has closed the connection: nobody waits for an answer."""


async def read_body(receive: Receive, headers: Mapping[str, str], limits: Limits) -> bytes:
    """The whole body. Raises Refusal where it is too large, encoded or slow, and SenderGone."""
    if headers.get("content-encoding", "identity") != "identity":
        raise Refusal(415, "the body is compressed", "send it as it is, without Content-Encoding", CLOSE)
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length) > limits.body:
        raise _too_large(limits)
    try:
        async with asyncio.timeout(limits.body_seconds):
            return await _read(receive, limits)
    except TimeoutError:
        error = f"the body did not come within {limits.body_seconds:g} s"
        raise Refusal(408, error, "send it at once", CLOSE) from None


async def _read(receive: Receive, limits: Limits) -> bytes:
    parts, size = list[bytes](), 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise SenderGone
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limits.body:
            raise _too_large(limits)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _too_large(limits: Limits) -> Refusal:
    return Refusal(413, f"the body is larger than {limits.body} bytes", "send less in one request", CLOSE)


log = logging.getLogger("promises")

_GONE: Final = 499
"""How it is counted where the sender did not wait for an answer."""


class Request(NamedTuple):
    """A request that came whole. headers: by name in lower case; of several of one name the last."""

    headers: Mapping[str, str]
    body: bytes
    at: Instant


Take = Callable[[Request], Awaitable[JsonResponse]]
"""What becomes of it. Raises Refusal."""


class RequestHandler:
    """Through which all requests of a gateway go."""

    def __init__(self, limits: Limits, meters: GatewayMetrics, outbox: KafkaSink) -> None:
        self._limits = limits
        self._meters = meters
        self._outbox = outbox
        self._in_flight = 0
        self._untaken = 0

    async def serve(self, feed: str, take: Take, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request to the path of `feed`."""
        began = time.perf_counter()
        status = await self._answered(scope, receive, send, take)
        self._meters.answered(feed, status, time.perf_counter() - began)

    async def store(self, message: OutputRecord) -> None:
        """Return when Kafka has it. Raises Refusal."""
        began = time.perf_counter()
        try:
            await self._outbox.put(message)
        except Undelivered as error:
            if error.is_too_large:
                remedy = f"send less in one request, or raise max.message.bytes of {message.topic}"
                raise Refusal(413, "Kafka does not take a record of this size", remedy) from None
            self._tell(message, error)
            raise not_now("Kafka did not take it in time") from None
        else:
            self._tell(message, None)
        finally:
            self._meters.stored(time.perf_counter() - began)

    def _tell(self, message: OutputRecord, error: Undelivered | None) -> None:
        """Say once that Kafka takes nothing, and once that it does again."""
        if error is not None and not self._untaken:
            log.warning("Kafka does not take what is for %s: %s; senders are told to come again", message.topic, error)
        if error is None and self._untaken:
            log.warning("Kafka takes records again, after %d that it did not take in time", self._untaken)
        self._untaken = self._untaken + 1 if error is not None else 0

    async def _answered(self, scope: Scope, receive: Receive, send: Send, take: Take) -> int:
        try:
            answer = await self._taken(scope, receive, take)
        except Refusal as refusal:
            answer = refusal.answer
        except SenderGone:
            return _GONE
        except Exception:
            log.exception("a request to %s cannot be answered", scope["path"])
            answer = JsonResponse(
                500, {"error": "this is a fault of the gateway", "remedy": "its log says more"}, CLOSE
            )
        await respond(send, answer)
        return answer.status

    async def _taken(self, scope: Scope, receive: Receive, take: Take) -> JsonResponse:
        if self._in_flight >= self._limits.in_flight:
            raise Refusal(503, "too many requests at once", "send it again", {"retry-after": "1", **CLOSE})
        self._count(+1)
        try:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            body = await read_body(receive, headers, self._limits)
            return await take(Request(headers, body, wall_clock()))
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        self._in_flight += change
        self._meters.in_flight(self._in_flight)


class App:
    """The ASGI app of one path. Not a function: Starlette would take that for one of a request."""

    def __init__(self, desk: RequestHandler, feed: str, take: Take) -> None:
        self._desk = desk
        self._feed = feed
        self._take = take

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._desk.serve(self._feed, self._take, scope, receive, send)


async def respond(send: Send, answer: JsonResponse) -> None:
    """Send an answer as ASGI has it."""
    body = answer.body
    head = [*answer.head, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": head})
    await send({"type": "http.response.body", "body": body})
