"""A receiver of Alertmanager's notifications on 127.0.0.1, which records them with their time."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Told(NamedTuple):
    """One alert as it first came in a message. at: when that was, in seconds since 1970. status: firing or resolved.

    starts_at: when it began to fire, which tells one time from another.
    """

    at: float
    status: str
    starts_at: str
    labels: dict[str, str]
    annotations: dict[str, str]

    @property
    def name(self) -> str:
        return self.labels["alertname"]

    @property
    def location(self) -> str:
        return self.labels.get("location", "")


class Receiver:
    """Return all alerts so far."""

    def __init__(self) -> None:
        self.told: list[Told] = []

    def of(self, name: str, **labels: str) -> list[Told]:
        """Return the alerts with that name and these labels."""
        return [one for one in self.told if one.name == name and labels.items() <= one.labels.items()]

    def take(self, message: dict[str, Any]) -> None:
        """Record a notification. Alertmanager repeats the alerts that still fire with each new one."""
        for alert in message["alerts"]:
            told = Told(time.time(), alert["status"], alert["startsAt"], alert["labels"], alert["annotations"])
            if told[1:] not in [known[1:] for known in self.told]:
                self.told.append(told)


@contextmanager
def receiving(address: str) -> Iterator[Receiver]:
    """Run the receiver at HOST:PORT."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.take(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Write no log."""

    host, _, port = address.partition(":")
    server = ThreadingHTTPServer((host, int(port)), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
