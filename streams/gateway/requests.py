"""The path of every request through the gateway: limits, the whole body, its handler, metrics and a JSON response."""

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
from streams.gateway.responses import CLOSE, JsonResponse, Refusal, unavailable
from streams.records import OutputRecord
from streams.wall_clock import wall_clock

log = logging.getLogger("promises")

_CLIENT_CLOSED_REQUEST: Final = 499
"""The status under which a request is counted whose sender did not wait for the response."""


class SenderGone(Exception):
    """The sender of the request has closed the connection."""


class Request(NamedTuple):
    """A request with its whole body. headers: by name in lower case; of several with one name the last."""

    headers: Mapping[str, str]
    body: bytes
    received_at: Instant


Endpoint = Callable[[Request], Awaitable[JsonResponse]]
"""Answers the requests to one path. Raises Refusal."""


class RequestHandler:
    """Serves the requests of all paths, and stores their records in Kafka."""

    def __init__(self, limits: Limits, metrics: GatewayMetrics, sink: KafkaSink) -> None:
        self._limits = limits
        self._metrics = metrics
        self._sink = sink
        self._in_flight = 0
        self._failed_in_a_row = 0

    async def serve(self, feed: str, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request to the path of `feed`."""
        began = time.perf_counter()
        status = await self._respond(scope, receive, send, endpoint)
        self._metrics.count_request(feed, status, time.perf_counter() - began)

    async def store(self, record: OutputRecord) -> None:
        """Return when Kafka has stored the record. Raises Refusal."""
        began = time.perf_counter()
        try:
            await self._sink.send(record)
        except Undelivered as error:
            if error.is_too_large:
                remedy = f"send less in one request, or raise max.message.bytes of {record.topic}"
                raise Refusal(413, "Kafka does not take a record of this size", remedy) from None
            self._note_failure(record, error)
            raise unavailable("Kafka did not take it in time") from None
        else:
            self._note_success()
        finally:
            self._metrics.observe_kafka(time.perf_counter() - began)

    def _note_failure(self, record: OutputRecord, error: Undelivered) -> None:
        """Count the failure, and log the first of a series."""
        if not self._failed_in_a_row:
            log.warning("Kafka does not take records for %s: %s; senders are told to try again", record.topic, error)
        self._failed_in_a_row += 1

    def _note_success(self) -> None:
        """End a series of failures, and log that."""
        if self._failed_in_a_row:
            log.warning("Kafka takes records again, after %d that it did not take in time", self._failed_in_a_row)
        self._failed_in_a_row = 0

    async def _respond(self, scope: Scope, receive: Receive, send: Send, endpoint: Endpoint) -> int:
        """Send the response to a request. Returns its status."""
        try:
            response = await self._handle(scope, receive, endpoint)
        except Refusal as refusal:
            response = refusal.response
        except SenderGone:
            return _CLIENT_CLOSED_REQUEST
        except Exception:
            log.exception("a request to %s cannot be answered", scope["path"])
            document = {"error": "this is a fault of the gateway", "remedy": "its log says more"}
            response = JsonResponse(500, document, CLOSE)
        await send({"type": "http.response.start", "status": response.status, "headers": response.raw_headers})
        await send({"type": "http.response.body", "body": response.body})
        return response.status

    async def _handle(self, scope: Scope, receive: Receive, endpoint: Endpoint) -> JsonResponse:
        if self._in_flight >= self._limits.in_flight:
            raise Refusal(503, "too many requests at once", "send it again", {"retry-after": "1", **CLOSE})
        self._count_in_flight(+1)
        try:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            body = await _read_body(receive, headers, self._limits)
            return await endpoint(Request(headers, body, wall_clock()))
        finally:
            self._count_in_flight(-1)

    def _count_in_flight(self, change: int) -> None:
        self._in_flight += change
        self._metrics.set_in_flight(self._in_flight)


class EndpointApp:
    """The ASGI app of one path. It is a class, because Starlette treats a function as one of a Starlette request."""

    def __init__(self, handler: RequestHandler, feed: str, endpoint: Endpoint) -> None:
        self._handler = handler
        self._feed = feed
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._handler.serve(self._feed, self._endpoint, scope, receive, send)


async def _read_body(receive: Receive, headers: Mapping[str, str], limits: Limits) -> bytes:
    """Return the whole body. Raises Refusal if it is too large, compressed or slow, and SenderGone."""
    if headers.get("content-encoding", "identity") != "identity":
        raise Refusal(415, "the body is compressed", "send it as it is, without Content-Encoding", CLOSE)
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length) > limits.body:
        raise _too_large(limits)
    try:
        async with asyncio.timeout(limits.body_seconds):
            return await _read_parts(receive, limits)
    except TimeoutError:
        error = f"the body did not come within {limits.body_seconds:g} s"
        raise Refusal(408, error, "send it at once", CLOSE) from None


async def _read_parts(receive: Receive, limits: Limits) -> bytes:
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
