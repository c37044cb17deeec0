"""`promises gateway` as a test sees it: started, posted to, asked to end or killed; and what it put on Kafka."""

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


class Said(NamedTuple):
    """An answer. headers: by name in lower case."""

    status: int
    headers: Mapping[str, str]
    document: dict[str, Any]


def signature(body: bytes, secret: str = SECRET, url: str = "") -> str:
    return base64.b64encode(hmac.new(secret.encode(), url.encode() + body, hashlib.sha256).digest()).decode()


def shopify(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """The headers of a webhook of Shopify."""
    return {"X-Shopify-Hmac-Sha256": signature(body, secret), "X-Shopify-Topic": "orders/updated"}


def files_in(directory: Path, feeds: str = FEEDS) -> Path:
    """The feeds file, with a secret and a token beside it."""
    (directory / "shopify").write_text(f"{SECRET}\n", "utf-8")
    (directory / "login").write_text(LOGIN, "utf-8")
    (directory / "tokens").write_text(f"{TOKEN}\n", "utf-8")
    (directory / "feeds.toml").write_text(feeds, "utf-8")
    return directory / "feeds.toml"


def create_topics(bootstrap: str) -> None:
    """Those of the feeds; `feeds.small` takes no record above 2000 bytes."""
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        admin.create_topics([NewTopic(f"feeds.{name}", 2, 1) for name in _USUAL])
        admin.create_topics([NewTopic("feeds.small", 2, 1, topic_configs={"max.message.bytes": "2000"})])


class Gateway(Program):
    """`promises gateway` on free ports, with the feeds of FEEDS."""

    def __init__(self, bootstrap: str, directory: Path, *options: str | Path, feeds: str = FEEDS) -> None:
        http, metrics = free_ports(2)
        self.port = http
        self.metrics = f"http://127.0.0.1:{metrics}"
        told = "--bootstrap", bootstrap, "--feeds", files_in(directory, feeds), "--tokens", directory / "tokens"
        where = "--bind", f"127.0.0.1:{http}", "--metrics", f"127.0.0.1:{metrics}"
        super().__init__(directory / f"gateway-{next(_numbers)}.log", "gateway", *told, *where, *options)

    def until_answers(self, seconds: float = 30) -> None:
        """Return when it answers requests."""
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

    def post(self, path: str, body: bytes | str, headers: Mapping[str, str] | None = None) -> Said:
        """The answer to one request on a connection of its own. Raises OSError and HTTPException."""
        return self.ask("POST", path, body.encode() if isinstance(body, str) else body, headers or {})

    def say(self, path: str, said: Mapping[str, Any], **headers: str) -> Said:
        """What is posted by hand, with the token."""
        told = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        return self.post(path, json.dumps(said), told | {key.replace("_", "-"): text for key, text in headers.items()})

    def get(self, path: str) -> Said:
        return self.ask("GET", path, None, {})

    def ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Said:
        with closing(self.connection()) as connection:
            connection.request(method, path, body, dict(headers))
            return answer_on(connection)

    def described(self, method: str, path: str, said: Said) -> Said:
        """`said`, where /openapi.json has such an answer."""
        document = self.get("/openapi.json").document
        response = document["paths"][path][method]["responses"][str(said.status)]
        schema = response["content"]["application/json"]["schema"] | {"components": document["components"]}
        Draft202012Validator(schema).validate(said.document)
        return said

    def is_open(self) -> bool:
        """Whether it takes connections."""
        with closing(self.connection()) as connection:
            try:
                connection.connect()
            except ConnectionRefusedError:
                return False
            return True

    def resident(self) -> int:
        """Bytes of memory that it holds."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def page(self) -> Scrape:
        return Scrape.of(f"{self.metrics}/metrics")

    def is_ready(self) -> bool:
        """What /readyz says. Raises OSError where it is not."""
        with urlopen(f"{self.metrics}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)

    def stop(self) -> int:
        """Ask it to end; its exit code. Raises TimeoutExpired after the 10 seconds that it may take."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    @property
    def said(self) -> str:
        """Its log."""
        return self.log.read_text("utf-8")


def answer_on(connection: HTTPConnection) -> Said:
    answer = connection.getresponse()
    text = answer.read()
    return Said(answer.status, {name.lower(): value for name, value in answer.getheaders()}, json.loads(text))


def send_without_length(gateway: Gateway, megabytes: int) -> int:
    """How many megabytes of a body were taken before the connection was closed."""
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
    """As secrets are written: a new file in the place of the old one."""
    new = path.with_suffix(".new")
    new.write_text(text, "utf-8")
    new.rename(path)


class Stored(NamedTuple):
    """A record."""

    key: bytes | None
    value: bytes
    headers: dict[str, str]
    timestamp: int


def records(bootstrap: str, topic: str) -> list[Stored]:
    """All that the topic holds."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    with closing(consumer):
        places = [TopicPartition(topic, number) for number in (0, 1)]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends = consumer.end_offsets(places)
        found: list[Stored] = []
        while any(consumer.position(place) < end for place, end in ends.items()):
            for batch in consumer.poll(timeout_ms=200).values():
                found += [
                    Stored(one.key, one.value, {name: text.decode() for name, text in one.headers}, one.timestamp)
                    for one in batch
                ]
    return found
