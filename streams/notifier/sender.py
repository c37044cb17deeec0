"""Sending one HTTP request at a time, with a time limit and a check for termination.

No proxy is used and no redirect is followed: the request goes only to the host in the URL of the webhook.
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

from streams.notifier.responses import WebhookResponse, parse_retry_after
from streams.notifier.webhook import Webhook
from streams.text import one_line
from streams.wall_clock import wall_clock

_TIMEOUT: Final = 10.0
"""Seconds to connect, and to wait for the next part of a response."""

_TOTAL_TIMEOUT: Final = 30.0
"""Seconds for a whole try: a receiver may respond byte by byte, and a name server may not respond at all."""

_TERMINATION_SECONDS: Final = 2.0
"""Seconds that a try may still take after termination, so that an accepted alert is not sent again."""

_STEP: Final = 0.2
_EXCERPT: Final = 800
"""Bytes of an error response that are read."""


class HttpSender:
    """Sends alerts to one webhook."""

    def __init__(self, webhook: Webhook, *, timeout: float = _TIMEOUT, total_timeout: float = _TOTAL_TIMEOUT) -> None:
        self._webhook = webhook
        self._timeout, self._total_timeout = timeout, total_timeout
        self._tls = ssl.create_default_context() if webhook.scheme == "https" else None

    def send(
        self, headers: Mapping[str, str], body: bytes, is_terminated: Callable[[], bool]
    ) -> WebhookResponse | None:
        """Return the response of the receiver; None if it does not respond before `is_terminated` or soon after.

        Errors of the receiver are responses, too: nothing is raised for them.
        """
        request = _Request(self._connection(), self._webhook.target, headers, body)
        request.start()
        deadline, left = time.monotonic() + self._total_timeout, int(_TERMINATION_SECONDS / _STEP)
        while request.is_alive():
            if time.monotonic() > deadline:
                request.abort()
                return WebhookResponse(None, f"no response within {self._total_timeout:.0f} s")
            if is_terminated():
                left -= 1
            if left < 0:
                return None
            request.join(_STEP)
        return request.response

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._webhook.host, self._webhook.port
        if self._tls is not None:
            return http.client.HTTPSConnection(host, port, timeout=self._timeout, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=self._timeout)


class _Request(threading.Thread):
    """A request in a thread, because looking up a host name cannot be limited in time otherwise.

    response: valid once the thread has ended.
    """

    def __init__(
        self, connection: http.client.HTTPConnection, target: str, headers: Mapping[str, str], body: bytes
    ) -> None:
        super().__init__(name="webhook", daemon=True)
        self._connection = connection
        self._target, self._headers, self._body = target, headers, body
        self._socket: socket.socket | None = None
        self.response = WebhookResponse(None, "no response")

    def run(self) -> None:
        try:
            self.response = self._send()
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.response = WebhookResponse(None, f"no response: {one_line(str(error) or type(error).__name__)}")
        finally:
            self._connection.close()

    def abort(self) -> None:
        """Close the connection, so that the thread ends soon."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _send(self) -> WebhookResponse:
        self._connection.connect()
        self._socket = self._connection.sock
        headers = {"content-type": "application/json", "user-agent": "promises", "connection": "close", **self._headers}
        self._connection.request("POST", self._target, self._body, headers)
        response = self._connection.getresponse()
        text = f"{response.status} {response.reason}".strip()
        retry_after = parse_retry_after(response.getheader("retry-after"), wall_clock())
        if 200 <= response.status < 300:
            return WebhookResponse(response.status, text)
        # The start of the body goes to the log; a receiver may send nothing, or never stop.
        with suppress(OSError, http.client.HTTPException, ValueError):
            text = f"{text}: {response.read(_EXCERPT).decode(errors='replace')}"
        return WebhookResponse(response.status, one_line(text), retry_after)
