"""The gateway, put together and running: HTTP on one port, metrics on another, Kafka behind."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette

from streams.config.feeds import Feed
from streams.gateway.kafka_sink import KafkaSink
from streams.gateway.limits import Limits
from streams.gateway.manual import read_tokens
from streams.gateway.manual_events import SPOKEN
from streams.gateway.metrics import NOBODY, GatewayMetrics
from streams.gateway.readiness import KafkaProbe
from streams.gateway.requests import RequestHandler
from streams.gateway.routes import check_paths, service
from streams.gateway.secret_files import SecretFiles
from streams.gateway.uvicorn_protocol import as_uvicorn_wants, hush_uvicorn
from streams.kafka.clients import check_gateway, producer
from streams.kafka.connection import Connection
from streams.kafka.topics import EVENTS
from streams.metrics.address import Address
from streams.metrics.server import AddressTaken, Page, json_response, metrics_page, serve_pages

log = logging.getLogger("promises")

_BEAT_SECONDS: Final = 1.0
_SWITCH_SECONDS: Final = 0.0005
"""How long one thread may keep another waiting. Each request passes through three; Python's own 5 ms add up."""


class TokensError(ValueError):
    """The file of tokens cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """What a gateway is told. tokens: the file of those who may post by hand; None: nobody may. feeds_file: whose
    feeds these are, for whoever has to create their topics."""

    connection: Connection
    feeds: tuple[Feed, ...]
    bind: Address
    metrics: Address
    feeds_file: Path
    tokens: Path | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def labels(self) -> list[str]:
        """Of its metrics."""
        return [feed.name for feed in self.feeds if feed.webhook] + (list(SPOKEN) if self.tokens else []) + [NOBODY]

    @property
    def topics(self) -> list[str]:
        """To which it writes."""
        return [feed.topic for feed in self.feeds if feed.webhook] + ([EVENTS.name] if self.tokens else [])


def run(settings: GatewaySettings) -> None:
    """Take requests until told to end. Raises FeedsError, NoTokens, KafkaFailed and AddressTaken."""
    check_paths(settings.feeds)
    tokens = _tokens(settings.tokens)
    check_gateway(settings.connection, settings.topics, f" --feeds {settings.feeds_file}")
    reach = KafkaProbe(settings.connection, settings.topics)
    meters = GatewayMetrics(settings.labels, lambda: reach.readiness().ready)
    with closing(_outbox(settings)) as outbox, _watched(reach):
        desk = RequestHandler(settings.limits, meters, outbox)
        app = service(settings.feeds, tokens, desk, meters, settings.limits)
        with (
            serve_pages(_pages(meters, reach), settings.metrics) as metrics,
            closing(_listening(settings.bind)) as sock,
        ):
            host, port = sock.getsockname()[:2]
            log.info("takes webhooks at http://%s and shows metrics at http://%s/metrics", Address(host, port), metrics)
            asyncio.run(_serve(app, settings.limits, sock, reach))
    log.info("has ended; Kafka has all that was answered with 200 or 201")


def _tokens(file: Path | None) -> SecretFiles | None:
    if file is None:
        return None
    tokens = SecretFiles("tokens", [str(file)], read_tokens)
    if tokens.trouble:
        raise TokensError(tokens.trouble)
    return tokens


def _outbox(settings: GatewaySettings) -> KafkaSink:
    """What is given up is soon forgotten, so that what waits stays small; the end of an outage is soon noticed."""
    millis = int(settings.limits.kafka_seconds * 1000)
    return KafkaSink(
        lambda: producer(
            settings.connection,
            bootstrap_timeout_ms=millis,
            linger_ms=5,
            metrics_enabled=False,
            max_block_ms=millis,
            request_timeout_ms=millis,
            delivery_timeout_ms=millis + 1000,
            reconnect_backoff_max_ms=1000,
            allow_auto_create_topics=False,
        ),
        settings.limits.kafka_seconds,
    )


@contextmanager
def _watched(reach: KafkaProbe) -> Iterator[None]:
    reach.start()
    try:
        yield
    finally:
        reach.stop()


def _pages(meters: GatewayMetrics, reach: KafkaProbe) -> dict[str, Page]:
    return {
        "/metrics": metrics_page(meters.registry),
        "/healthz": lambda _: json_response(found := reach.health(), is_ok=found.healthy),
        "/readyz": lambda _: json_response(found := reach.readiness(), is_ok=found.ready),
    }


def _listening(address: Address) -> socket.socket:
    host = address.host.strip("[]")  # as IPv6 addresses are written before a port
    try:
        family = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, address.port), family=family, backlog=1024)
    except OSError as error:
        raise AddressTaken(f"webhooks cannot be taken at {address}: {error}; choose another with --bind") from error


async def _serve(app: Starlette, limits: Limits, sock: socket.socket, reach: KafkaProbe) -> None:
    hush_uvicorn()
    sys.setswitchinterval(_SWITCH_SECONDS)
    server = uvicorn.Server(uvicorn.Config(app, **as_uvicorn_wants(limits)))
    beating = asyncio.create_task(_beat(reach))
    # uvicorn sends itself the signal again when it has ended; then there is nothing left to do.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    try:
        await server.serve([sock])
    finally:
        beating.cancel()


async def _beat(reach: KafkaProbe) -> None:
    while True:
        reach.beat = time.monotonic()
        await asyncio.sleep(_BEAT_SECONDS)
