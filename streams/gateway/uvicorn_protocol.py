"""The HTTP protocol of uvicorn with two limits that it lacks: connections, and the time for the lines before a body."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from streams.gateway.limits import MAX_HEAD, Limits
from streams.gateway.responses import CLOSE, Refusal


def limited_protocol(limits: Limits) -> type[asyncio.Protocol]:
    """Return the protocol class with these limits."""

    class LimitedProtocol(H11Protocol):
        _head_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) > limits.connections:
                transport.abort()
            self._update_timer()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._update_timer()

        def connection_lost(self, exc: Exception | None) -> None:
            self._cancel_timer()
            super().connection_lost(exc)

        def send_400_response(self, msg: str) -> None:
            """Answer bytes that are not HTTP in the same form as every other refusal."""
            remedy = f"send HTTP/1.1, with at most {MAX_HEAD} bytes before the body"
            response = Refusal(400, "this is not an HTTP request", remedy, CLOSE).response
            start = h11.Response(status_code=400, headers=response.raw_headers)
            for event in (start, h11.Data(data=response.body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
            self.transport.close()

        def _update_timer(self) -> None:
            """Run the timer while the lines before a body are awaited. uvicorn itself has one between requests."""
            is_head_awaited = self.conn.their_state is h11.IDLE and self.timeout_keep_alive_task is None
            if not is_head_awaited:
                self._cancel_timer()
            elif self._head_timer is None:
                self._head_timer = self.loop.call_later(limits.head_seconds, self.transport.abort)

        def _cancel_timer(self) -> None:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

    return LimitedProtocol


def silence_uvicorn() -> None:
    """Keep uvicorn from logging a line for every malformed request; errors stay."""
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)


def uvicorn_settings(limits: Limits) -> dict[str, Any]:
    """Return the settings of uvicorn that follow from the limits."""
    return {
        "http": limited_protocol(limits),
        "ws": "none",
        "lifespan": "off",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "timeout_keep_alive": limits.idle_seconds,
        "timeout_graceful_shutdown": limits.stop_seconds,
        "h11_max_incomplete_event_size": MAX_HEAD,
    }
