"""A receiver of webhooks on this machine: an HTTP server that answers as it is told, and keeps what it was sent."""

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
"""The status of an answer that does not come."""


def case_of(body: bytes) -> str:
    return str(msgspec.json.decode(body)["case"])


class Got(NamedTuple):
    """A request as it came. headers: names in lower case. answered: with which status."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    answered: int

    @property
    def case(self) -> str:
        """Of the alert in it."""
        return case_of(self.body)


class Receiver(ThreadingHTTPServer):
    """answers: statuses and headers for the alerts of a case, one a request; 204 when there are none left."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.answers: dict[str, list[tuple[int, dict[str, str]]]] = {}
        self.got: list[Got] = []
        self.released = threading.Event()

    def answer(self, case: str, *statuses: int, **headers: str) -> None:
        """Answer the next requests about `case` so; NOTHING: not before all is over."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[case] = [(status, named) for status in statuses]

    @property
    def cases(self) -> list[str]:
        """The cases of the alerts that it took."""
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
            server.released.set()
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
