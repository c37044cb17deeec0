"""Part `gateway`: webhooks verified and stored per second, compared with the same framework doing no work."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from benchmarks.figures import quantile, table, whole
from benchmarks.posting import post
from benchmarks.processes import Failed, Measured, running
from benchmarks.sizes import Sizes
from streams.local.kafka_cluster import LocalKafka
from streams.local.ports import free_ports

CONNECTIONS: Final = 32
_SECONDS: Final = 8.0
_ROUNDS: Final = 3
_STARTS_WITHIN: Final = 30.0
_SECRET: Final = b"the secret of the benchmark"
_LINES: Final = [{"id": 466157049 + number, "title": "flat white", "quantity": 1} for number in range(40)]
_BODY: Final = msgspec.json.encode({"id": 820982911946154508, "line_items": _LINES})
_FEEDS: Final = '[[feed]]\nname = "shopify"\nwebhook = { scheme = "shopify", secrets = ["secret"] }\n'
_NOTHING: Final = ("-m", "uvicorn", "benchmarks.peers.starlette_nothing:app", "--http", "h11", "--loop", "asyncio")


class _Round(NamedTuple):
    """One run of one server. took: of each request, in seconds. cpu: of the server, in seconds."""

    seconds: float
    took: list[float]
    cpu: float


def gateway(sizes: Sizes, scratch: Path) -> Iterator[str]:
    """Run the gateway and the bare framework alternately, each alone and in one process."""
    (scratch / "secret").write_bytes(_SECRET)
    (scratch / "feeds.toml").write_text(_FEEDS)
    nothing, ours = list[_Round](), list[_Round]()
    with LocalKafka() as kafka:
        with closing(KafkaAdminClient(bootstrap_servers=kafka.bootstrap)) as admin:
            admin.create_topics([NewTopic("feeds.shopify", 4, 1)])
        for _ in range(_ROUNDS):
            port, metrics = free_ports(2)
            quiet = ("--port", str(port), "--no-access-log", "--log-level", "warning")
            nothing.append(_measured((*_NOTHING, *quiet), port, scratch / "log"))
            ours.append(_measured(_gateway(kafka.bootstrap, scratch, port, metrics), port, scratch / "log"))
    yield f"{CONNECTIONS} connections that are kept, bodies of {len(_BODY)} bytes, {_ROUNDS} times {_SECONDS:.0f} s\n"
    head = ("one process", "requests/s", "p50 ms", "p99 ms", "CPU ms a request")
    yield table(head, [_row("Starlette and uvicorn, without work", nothing), _row("promises gateway", ours)])
    yield f"\nthe gateway answers {_rate(ours) / _rate(nothing):.2f} of what the framework answers without work"


def _gateway(bootstrap: str, scratch: Path, port: int, metrics: int) -> tuple[str, ...]:
    where = ("--bind", f"127.0.0.1:{port}", "--metrics", f"127.0.0.1:{metrics}")
    return ("-m", "streams.cli", "gateway", "--bootstrap", bootstrap, "--feeds", str(scratch / "feeds.toml"), *where)


def _measured(command: Sequence[str], port: int, log: Path) -> _Round:
    with running([sys.executable, *command], log) as server:
        _until_open(server, port)
        post(port, _request(), CONNECTIONS, 1)
        before = server.cpu_seconds()
        seconds, took = post(port, _request(), CONNECTIONS, _SECONDS)
        return _Round(seconds, took, server.cpu_seconds() - before)


def _request() -> bytes:
    signature = base64.b64encode(hmac.digest(_SECRET, _BODY, hashlib.sha256)).decode()
    head = (
        "POST /shopify HTTP/1.1",
        "Host: hooks.example",
        "Content-Type: application/json",
        "X-Shopify-Topic: orders/updated",
        f"X-Shopify-Hmac-Sha256: {signature}",
        f"Content-Length: {len(_BODY)}",
        "\r\n",
    )
    return "\r\n".join(head).encode() + _BODY


def _until_open(server: Measured, port: int) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN
    while True:
        server.check("starting")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise Failed(f"it takes no connections\n{server.end_of_log()}") from None
            time.sleep(0.1)
        else:
            return


def _rate(rounds: Sequence[_Round]) -> float:
    return sum(len(one.took) for one in rounds) / sum(one.seconds for one in rounds)


def _row(name: str, rounds: Sequence[_Round]) -> tuple[str, ...]:
    took = [took for one in rounds for took in one.took]
    cpu = sum(one.cpu for one in rounds) / len(took) * 1000
    return (
        name,
        whole(_rate(rounds)),
        f"{quantile(took, 0.5) * 1000:.1f}",
        f"{quantile(took, 0.99) * 1000:.1f}",
        f"{cpu:.2f}",
    )
