"""A receiver of webhooks for tests: an HTTP server with scripted responses that records its requests."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple

import msgspec

NOTHING: Final = 0
"""The status of a response that is never sent."""


def case_of(body: bytes) -> str:
    return str(msgspec.json.decode(body)["case"])


class Got(NamedTuple):
    """A received request. headers: names in lower case. answered: the status of the response."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    answered: int

    @property
    def case(self) -> str:
        """The case of the alert in the request."""
        return case_of(self.body)


class Receiver(ThreadingHTTPServer):
    """A server. answers: statuses and headers for the requests about a case, in order; 204 after these."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.answers: dict[str, list[tuple[int, dict[str, str]]]] = {}
        self.got: list[Got] = []
        self.released = threading.Event()

    def answer(self, case: str, *statuses: int, **headers: str) -> None:
        """Set the responses to the next requests about `case`. NOTHING: no response before the end."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[case] = [(status, named) for status in statuses]

    @property
    def cases(self) -> list[str]:
        """Return the cases of the accepted alerts."""
        return [one.case for one in self.got if 200 <= one.answered < 300]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answers = self.server.answers.get(case_of(body))
        status, more = answers.pop(0) if answers else (204, {})
        self.server.got.append(Got(self.path, headers, body, status))
        if status == NOTHING:
            self.server.released.wait()
            return
        text = f"this is {status}".encode() if status >= 300 else b""
        self.send_response(status)
        for name, value in ({"content-length": str(len(text))} | more).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Write no log; tests look at the recorded requests."""


@contextmanager
def receiving(port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Run a receiver; nothing listens at its address before and after."""
    with Receiver(port) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()


def url_of(receiver: Receiver, scheme: str = "http") -> str:
    """Return the URL of the receiver, with a secret path and query."""
    return f"{scheme}://127.0.0.1:{receiver.server_port}/alerts/sesame?token=sesame"


def wait_for(receiver: Receiver, requests: int, seconds: float = 60) -> list[Got]:
    """Return the recorded requests once there are this many. Fail after a timeout."""
    deadline = time.monotonic() + seconds
    while len(receiver.got) < requests:
        assert time.monotonic() < deadline, f"{requests} requests were awaited, {len(receiver.got)} came"
        time.sleep(0.05)
    return receiver.got
