"""Posting one request again and again over connections that are kept, each of which waits for its answer."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Final, NamedTuple, cast

from benchmarks.processes import Failed

_ANSWERS_WITHIN: Final = 30.0
_LENGTH: Final = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class Posted(NamedTuple):
    """The result of a run. seconds: its duration. took: the seconds that each request took."""

    seconds: float
    took: list[float]


def post(port: int, request: bytes, connections: int, seconds: float) -> Posted:
    """Post `request` for so long. Raises Failed where it is not answered with 200."""
    return asyncio.run(_post(port, request, connections, seconds))


async def _post(port: int, request: bytes, connections: int, seconds: float) -> Posted:
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    senders = [
        (await loop.create_connection(lambda: _Sender(request, began + seconds), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    async with asyncio.timeout(seconds + _ANSWERS_WITHIN):
        await asyncio.gather(*(sender.ended for sender in senders))
    return Posted(time.perf_counter() - began, [took for sender in senders for took in sender.took])


class _Sender(asyncio.Protocol):
    """One connection."""

    def __init__(self, request: bytes, until: float) -> None:
        self.took: list[float] = []
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = request
        self._until = until
        self._answer = b""
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not end or length is None or len(body) < int(length[1]):
            return
        now = time.perf_counter()
        self.took.append(now - self._began)
        if not head.startswith(b"HTTP/1.1 200"):
            self._end(Failed(f"a request was answered: {self._answer[:300]!r}"))
        elif now < self._until:
            self._send()
        else:
            self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(Failed(f"a connection was closed: {exc}"))

    def _send(self) -> None:
        self._answer, self._began = b"", time.perf_counter()
        self._transport.write(self._request)

    def _end(self, failed: Failed | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None) if failed is None else self.ended.set_exception(failed)
            self._transport.close()
