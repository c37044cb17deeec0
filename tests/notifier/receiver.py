"""A receiver of webhooks on this machine: an HTTP server that answers as it is told, and keeps what it was sent."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import msgspec


class Got(NamedTuple):
    """A request as it came. headers: names in lower case. answered: with which status."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    answered: int

    @property
    def case(self) -> str:
        """Of the alert in it."""
        return str(msgspec.json.decode(self.body)["case"])


class Receiver(ThreadingHTTPServer):
    """answers: status, headers and body, one a request; 204 when there are none left."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.got: list[Got] = []
        self.lock = threading.Lock()

    def answer(self, *statuses: int, **headers: str) -> None:
        """Answer the next requests so."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers += [(status, named, f"this is {status}".encode()) for status in statuses]

    @property
    def cases(self) -> list[str]:
        """The cases of the alerts that it took."""
        return [one.case for one in self.got if one.answered < 300]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.server.lock:
            status, more, text = self.server.answers.pop(0) if self.server.answers else (204, {}, b"")
            self.server.got.append(Got(self.path, headers, body, status))
        self.send_response(status)
        for name, value in ({"content-length": str(len(text))} | more).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Tests look at what was got."""


@contextmanager
def receiving(port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver that runs; nothing answers there before and after."""
    with Receiver(port) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def url_of(receiver: Receiver, scheme: str = "http") -> str:
    """Where it listens, with a path and a query that nobody else may see."""
    return f"{scheme}://127.0.0.1:{receiver.server_port}/alerts/sesame?token=sesame"


def wait_for(receiver: Receiver, requests: int, seconds: float = 60) -> list[Got]:
    """What it got, once that is so much; fails when it is not in time."""
    deadline = time.monotonic() + seconds
    while len(receiver.got) < requests:
        assert time.monotonic() < deadline, f"{requests} requests were awaited, {len(receiver.got)} came"
        time.sleep(0.05)
    return receiver.got
