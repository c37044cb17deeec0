"""Reading the body of a request: so much of it, and for so long."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.types import Receive

from streams.gateway.limits import Limits
from streams.gateway.responses import CLOSE, Refusal


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
