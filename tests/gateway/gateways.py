"""`promises gateway` in tests: started, posted to, stopped or killed; and the records that it stored in Kafka."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.request import urlopen

from jsonschema import Draft202012Validator
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic

from streams.local.ports import free_ports
from streams.metrics.scrape import Scrape
from tests.worker.workers import Program

SECRET: Final = "the secret of the shop"
TOKEN: Final = "the token of the counter"
FEEDS: Final = """
[[feed]]
name = "shopify"
webhook.scheme = "shopify"
webhook.secrets = ["shopify", "shopify.next"]

[[feed]]
name = "square"
webhook.scheme = "square"
webhook.url = "https://hooks.example/square"
webhook.secrets = ["shopify"]

[[feed]]
name = "clover"
webhook.scheme = "clover"
webhook.secrets = ["shopify"]

[[feed]]
name = "woo"
webhook = { path = "/in/woo", scheme = "woocommerce", secrets = ["shopify"] }

[[feed]]
name = "till"
webhook.scheme = "none"

[[feed]]
name = "dash"
webhook = { scheme = "basic", secrets = ["login"] }

[[feed]]
name = "small"
webhook.scheme = "none"
"""
LOGIN: Final = "dasher:pass:word"
_USUAL: Final = ["shopify", "square", "clover", "woo", "till", "dash"]

_numbers = count(1)


class Response(NamedTuple):
    """A response. headers: by name in lower case."""

    status: int
    headers: Mapping[str, str]
    document: dict[str, Any]


def signature(body: bytes, secret: str = SECRET, url: str = "") -> str:
    return base64.b64encode(hmac.new(secret.encode(), url.encode() + body, hashlib.sha256).digest()).decode()


def shopify(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """Return the headers of a webhook of Shopify."""
    return {"X-Shopify-Hmac-Sha256": signature(body, secret), "X-Shopify-Topic": "orders/updated"}


def write_files(directory: Path, feeds: str = FEEDS) -> Path:
    """Write the feeds file, with a secret and a token beside it, and return its path."""
    (directory / "shopify").write_text(f"{SECRET}\n", "utf-8")
    (directory / "login").write_text(LOGIN, "utf-8")
    (directory / "tokens").write_text(f"{TOKEN}\n", "utf-8")
    (directory / "feeds.toml").write_text(feeds, "utf-8")
    return directory / "feeds.toml"


def create_topics(bootstrap: str) -> None:
    """Create the topics of the feeds; `feeds.small` takes no record above 2000 bytes."""
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        admin.create_topics([NewTopic(f"feeds.{name}", 2, 1) for name in _USUAL])
        admin.create_topics([NewTopic("feeds.small", 2, 1, topic_configs={"max.message.bytes": "2000"})])


class Gateway(Program):
    """`promises gateway` on free ports, with the feeds of FEEDS."""

    def __init__(self, bootstrap: str, directory: Path, *options: str | Path, feeds: str = FEEDS) -> None:
        http, metrics = free_ports(2)
        self.port = http
        self.metrics = f"http://127.0.0.1:{metrics}"
        arguments = "--bootstrap", bootstrap, "--feeds", write_files(directory, feeds), "--tokens", directory / "tokens"
        addresses = "--bind", f"127.0.0.1:{http}", "--metrics", f"127.0.0.1:{metrics}"
        super().__init__(directory / f"gateway-{next(_numbers)}.log", "gateway", *arguments, *addresses, *options)

    def until_ready_to_serve(self, seconds: float = 30) -> None:
        """Wait until the gateway answers requests."""
        self.until(lambda: self.get("/openapi.json").status == 200, "the gateway answers", seconds)

    def until(self, holds: Callable[[], bool], what: str, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                if holds():
                    return
            except (OSError, HTTPException):
                pass
            code = self.process.poll()
            assert code is None, f"the gateway ended with exit code {code} before this: {what}"
            assert time.monotonic() < deadline, f"waited {seconds:.0f} s for this in vain: {what}"
            time.sleep(0.05)

    def connection(self, seconds: float = 20) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=seconds)

    def post(self, path: str, body: bytes | str, headers: Mapping[str, str] | None = None) -> Response:
        """Return the response to one request on a connection of its own. Raises OSError and HTTPException."""
        return self.ask("POST", path, body.encode() if isinstance(body, str) else body, headers or {})

    def post_manual(self, path: str, document: Mapping[str, Any], **headers: str) -> Response:
        """Post a manual event, with the token."""
        common = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        further = {key.replace("_", "-"): text for key, text in headers.items()}
        return self.post(path, json.dumps(document), common | further)

    def get(self, path: str) -> Response:
        return self.ask("GET", path, None, {})

    def ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Response:
        with closing(self.connection()) as connection:
            connection.request(method, path, body, dict(headers))
            return response_on(connection)

    def validated(self, method: str, path: str, response: Response) -> Response:
        """Return `response` after validating it against /openapi.json."""
        document = self.get("/openapi.json").document
        description = document["paths"][path][method]["responses"][str(response.status)]
        schema = description["content"]["application/json"]["schema"] | {"components": document["components"]}
        Draft202012Validator(schema).validate(response.document)
        return response

    def is_open(self) -> bool:
        """Return True if the gateway accepts connections."""
        with closing(self.connection()) as connection:
            try:
                connection.connect()
            except ConnectionRefusedError:
                return False
            return True

    def resident(self) -> int:
        """Return the resident memory in bytes."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def page(self) -> Scrape:
        return Scrape.of(f"{self.metrics}/metrics")

    def is_ready(self) -> bool:
        """Return the status of /readyz. Raises OSError if the gateway is not ready."""
        with urlopen(f"{self.metrics}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)

    def stop(self) -> int:
        """Stop the gateway with SIGTERM and return its exit code. Raises TimeoutExpired after 10 seconds."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    @property
    def log_text(self) -> str:
        """The text of its log."""
        return self.log.read_text("utf-8")


def response_on(connection: HTTPConnection) -> Response:
    answer = connection.getresponse()
    text = answer.read()
    return Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, json.loads(text))


def send_without_length(gateway: Gateway, megabytes: int) -> int:
    """Return how many megabytes of a body were read before the connection was closed."""
    chunk = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
    with closing(socket.create_connection(("127.0.0.1", gateway.port), timeout=10)) as raw:
        raw.sendall(b"POST /shopify HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(megabytes):
            try:
                raw.sendall(chunk)
            except OSError:
                return number
    return megabytes


def replace(path: Path, text: str) -> None:
    """Replace a file atomically, as secrets are written."""
    new = path.with_suffix(".new")
    new.write_text(text, "utf-8")
    new.rename(path)


class Stored(NamedTuple):
    """A stored record."""

    key: bytes | None
    value: bytes
    headers: dict[str, str]
    timestamp: int


def records(bootstrap: str, topic: str) -> list[Stored]:
    """Return all records of the topic."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    with closing(consumer):
        partitions = [TopicPartition(topic, number) for number in (0, 1)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        stored: list[Stored] = []
        while any(consumer.position(partition) < end for partition, end in ends.items()):
            for batch in consumer.poll(timeout_ms=200).values():
                stored += [
                    Stored(
                        record.key,
                        record.value,
                        {name: text.decode() for name, text in record.headers},
                        record.timestamp,
                    )
                    for record in batch
                ]
    return stored
