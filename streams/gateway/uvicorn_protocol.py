"""HTTP as uvicorn reads it, with two bounds that it lacks: for connections, and for the lines before a body."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from streams.gateway.limits import LARGEST_HEAD, Limits
from streams.gateway.responses import CLOSE, Refusal


def bounded(limits: Limits) -> type[asyncio.Protocol]:
    """The protocol with these limits."""

    class Bounded(H11Protocol):
        _head_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) > limits.connections:
                transport.abort()
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._unwatch()
            super().connection_lost(exc)

        def send_400_response(self, msg: str) -> None:
            """Of what is no HTTP; in the form of every other refusal."""
            remedy = f"send HTTP/1.1, with at most {LARGEST_HEAD} bytes before the body"
            answer = Refusal(400, "this is no HTTP request", remedy, CLOSE).answer
            head = [*answer.head, (b"content-length", str(len(answer.body)).encode())]
            for event in (h11.Response(status_code=400, headers=head), h11.Data(data=answer.body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
            self.transport.close()

        def _watch(self) -> None:
            """While uvicorn waits for data between two requests, it has a timer of its own."""
            is_head_awaited = self.conn.their_state is h11.IDLE and self.timeout_keep_alive_task is None
            if not is_head_awaited:
                self._unwatch()
            elif self._head_timer is None:
                self._head_timer = self.loop.call_later(limits.head_seconds, self.transport.abort)

        def _unwatch(self) -> None:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

    return Bounded


def hush_uvicorn() -> None:
    """Keep it from a line of the log for whatever a stranger sends; errors stay."""
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)


def as_uvicorn_wants(limits: Limits) -> dict[str, Any]:
    """The settings of uvicorn that follow from the limits."""
    return {
        "http": bounded(limits),
        "ws": "none",
        "lifespan": "off",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "timeout_keep_alive": limits.idle_seconds,
        "timeout_graceful_shutdown": limits.stop_seconds,
        "h11_max_incomplete_event_size": LARGEST_HEAD,
    }
