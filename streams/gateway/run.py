"""The running gateway: HTTP on one port, metrics on another, a producer for Kafka."""

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
from streams.gateway.manual_events import MANUAL_EVENTS
from streams.gateway.metrics import UNKNOWN_PATH, GatewayMetrics
from streams.gateway.readiness import KafkaProbe
from streams.gateway.requests import RequestHandler
from streams.gateway.routes import check_paths, create_app
from streams.gateway.secret_files import SecretFiles
from streams.gateway.uvicorn_protocol import silence_uvicorn, uvicorn_settings
from streams.kafka.clients import check_gateway, producer
from streams.kafka.connection import Connection
from streams.kafka.topics import EVENTS
from streams.metrics.address import Address
from streams.metrics.server import AddressTaken, Page, json_response, metrics_page, serve_pages

log = logging.getLogger("promises")

_BEAT_SECONDS: Final = 1.0
_SWITCH_SECONDS: Final = 0.0005
"""How long one thread may keep another waiting. A request passes through three, so Python's default of 5 ms adds up."""


class TokensError(ValueError):
    """A file of tokens that cannot be used. The message says why."""


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """The settings of a gateway. tokens: the file of the tokens for manual events; None: there are no manual events.
    feeds_file: the file of the feeds, for the error that says how to create missing topics."""

    connection: Connection
    feeds: tuple[Feed, ...]
    bind: Address
    metrics: Address
    feeds_file: Path
    tokens: Path | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def labels(self) -> list[str]:
        """The values of the label `feed` of its metrics."""
        return (
            [feed.name for feed in self.feeds if feed.webhook]
            + (list(MANUAL_EVENTS) if self.tokens else [])
            + [UNKNOWN_PATH]
        )

    @property
    def topics(self) -> list[str]:
        """The topics that it writes to."""
        return [feed.topic for feed in self.feeds if feed.webhook] + ([EVENTS.name] if self.tokens else [])


def run(settings: GatewaySettings) -> None:
    """Serve requests until SIGTERM or SIGINT. Raises FeedsError, TokensError, KafkaFailed and AddressTaken."""
    check_paths(settings.feeds)
    tokens = _tokens(settings.tokens)
    check_gateway(settings.connection, settings.topics, f" --feeds {settings.feeds_file}")
    probe = KafkaProbe(settings.connection, settings.topics)
    gateway_metrics = GatewayMetrics(settings.labels, lambda: probe.readiness().ready)
    with closing(_sink(settings)) as sink, _running(probe):
        handler = RequestHandler(settings.limits, gateway_metrics, sink)
        app = create_app(settings.feeds, tokens, handler, gateway_metrics, settings.limits)
        with (
            serve_pages(_pages(gateway_metrics, probe), settings.metrics) as metrics,
            closing(_listen(settings.bind)) as sock,
        ):
            host, port = sock.getsockname()[:2]
            log.info(
                "takes webhooks at http://%s and exposes metrics at http://%s/metrics", Address(host, port), metrics
            )
            asyncio.run(_serve(app, settings.limits, sock, probe))
    log.info("has ended; Kafka has stored every request that was answered with 200 or 201")


def _tokens(file: Path | None) -> SecretFiles | None:
    if file is None:
        return None
    tokens = SecretFiles("tokens", [str(file)], read_tokens)
    if tokens.problem:
        raise TokensError(tokens.problem)
    return tokens


def _sink(settings: GatewaySettings) -> KafkaSink:
    """Return the sink. Its timeouts are short, so that few records wait, and the end of an outage is noticed soon."""
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
def _running(probe: KafkaProbe) -> Iterator[None]:
    """Run the probe within the block."""
    probe.start()
    try:
        yield
    finally:
        probe.stop()


def _pages(gateway_metrics: GatewayMetrics, probe: KafkaProbe) -> dict[str, Page]:
    return {
        "/metrics": metrics_page(gateway_metrics.registry),
        "/healthz": lambda _: json_response(health := probe.health(), is_ok=health.healthy),
        "/readyz": lambda _: json_response(readiness := probe.readiness(), is_ok=readiness.ready),
    }


def _listen(address: Address) -> socket.socket:
    """Return a listening socket. Raises AddressTaken."""
    host = address.host.strip("[]")  # as IPv6 addresses are written before a port
    try:
        family = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, address.port), family=family, backlog=1024)
    except OSError as error:
        raise AddressTaken(f"cannot serve webhooks at {address}: {error}; choose another with --bind") from error


async def _serve(app: Starlette, limits: Limits, sock: socket.socket, probe: KafkaProbe) -> None:
    silence_uvicorn()
    sys.setswitchinterval(_SWITCH_SECONDS)
    server = uvicorn.Server(uvicorn.Config(app, **uvicorn_settings(limits)))
    heartbeat = asyncio.create_task(_beat(probe))
    # uvicorn raises the signal again when it has ended; then there is nothing left to do.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    try:
        await server.serve([sock])
    finally:
        heartbeat.cancel()


async def _beat(probe: KafkaProbe) -> None:
    while True:
        probe.beat = time.monotonic()
        await asyncio.sleep(_BEAT_SECONDS)
