"""One HTTP request at a time, which never takes longer than it may and can be left at any time.

Nothing is sent through a proxy, and no redirect is followed: the request goes to the host that was named, or nowhere.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from streams.notifier.responses import WebhookResponse, asked_pause
from streams.notifier.text import one_line
from streams.notifier.webhook import Webhook
from streams.wall_clock import wall_clock

_TIMEOUT: Final = 10.0
"""Seconds to connect, and to wait for the next part of an answer."""

_PATIENCE: Final = 30.0
"""Seconds for all of a try: a receiver that answers byte by byte, or a name server that does not."""

_FAREWELL: Final = 2.0
"""Seconds that a try is still waited for by who is told to end: what is answered then does not come again."""

_STEP: Final = 0.2
_EXCERPT: Final = 800
"""Bytes of a refusal that are read."""


class HttpSender:
    """Carries alerts to one webhook."""

    def __init__(self, webhook: Webhook, *, timeout: float = _TIMEOUT, patience: float = _PATIENCE) -> None:
        self._webhook = webhook
        self._timeout, self._patience = timeout, patience
        self._tls = ssl.create_default_context() if webhook.scheme == "https" else None

    def deliver(self, headers: Mapping[str, str], body: bytes, is_over: Callable[[], bool]) -> WebhookResponse | None:
        """What the receiver answers; None where it does not before `is_over`, or soon after. Never raises for what a
        receiver does."""
        request = _Request(self._connection(), self._webhook.target, headers, body)
        request.start()
        deadline, left = time.monotonic() + self._patience, int(_FAREWELL / _STEP)
        while request.is_alive():
            if time.monotonic() > deadline:
                request.leave()
                return WebhookResponse(None, f"no answer within {self._patience:.0f} s")
            if is_over():
                left -= 1
            if left < 0:
                return None
            request.join(_STEP)
        return request.answer

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._webhook.host, self._webhook.port
        if self._tls is not None:
            return http.client.HTTPSConnection(host, port, timeout=self._timeout, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=self._timeout)


class _Request(threading.Thread):
    """A thread, since nothing else limits or ends the search for the address of a name. answer: once it has ended."""

    def __init__(
        self, connection: http.client.HTTPConnection, target: str, headers: Mapping[str, str], body: bytes
    ) -> None:
        super().__init__(name="webhook", daemon=True)
        self._connection = connection
        self._target, self._headers, self._body = target, headers, body
        self._socket: socket.socket | None = None
        self.answer = WebhookResponse(None, "no answer")

    def run(self) -> None:
        try:
            self.answer = self._answer()
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.answer = WebhookResponse(None, f"no answer: {one_line(str(error) or type(error).__name__)}")
        finally:
            self._connection.close()

    def leave(self) -> None:
        """Have the thread end soon."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _answer(self) -> WebhookResponse:
        self._connection.connect()
        self._socket = self._connection.sock
        sent = {"content-type": "application/json", "user-agent": "promises", "connection": "close", **self._headers}
        self._connection.request("POST", self._target, self._body, sent)
        response = self._connection.getresponse()
        said = f"{response.status} {response.reason}".strip()
        asked = asked_pause(response.getheader("retry-after"), wall_clock())
        if 200 <= response.status < 300:
            return WebhookResponse(response.status, said)
        # Why it refuses, for whoever reads the log; it may say nothing, or never stop.
        with suppress(OSError, http.client.HTTPException, ValueError):
            said = f"{said}: {response.read(_EXCERPT).decode(errors='replace')}"
        return WebhookResponse(response.status, one_line(said), asked)
