"""`promises gateway`: receive webhooks over HTTP and write them to Kafka."""

from __future__ import annotations

import signal
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer

from streams import logs
from streams.cli.options import (
    USAGE,
    BootstrapOption,
    KafkaConfigOption,
    LogOption,
    fail,
    load_feeds,
    parse_option,
    report_errors,
    silence_kafka_logs,
)
from streams.config.feeds import Feed
from streams.kafka.connection import Connection, read_connection
from streams.metrics.address import Address
from streams.signatures.schemes import SCHEMES


def gateway(
    bootstrap: BootstrapOption,
    feeds: Annotated[Path, typer.Option(envvar="PROMISES_FEEDS", help="Feeds with their webhooks, TOML.")],
    kafka_config: KafkaConfigOption = None,
    bind: Annotated[
        str, typer.Option(envvar="PROMISES_BIND", help="Address that receives webhooks, HOST:PORT.")
    ] = "127.0.0.1:8088",
    tokens: Annotated[
        Path | None,
        typer.Option(envvar="PROMISES_TOKENS", help="File with one or two bearer tokens for manual entries."),
    ] = None,
    # Not PROMISES_METRICS: a worker on the same machine uses that.
    metrics: Annotated[
        str, typer.Option(envvar="PROMISES_GATEWAY_METRICS", help="Address of /metrics, HOST:PORT.")
    ] = "127.0.0.1:9466",
    allow_unsigned: Annotated[
        bool, typer.Option("--allow-unsigned", help='Accept webhooks of scheme "none" from other machines.')
    ] = False,
    log: LogOption = "text",
) -> None:
    """Receive webhooks, verify their signatures, and respond once Kafka has them, until SIGTERM or Ctrl-C.

    With --tokens, also receive promises that are in no feed, at /promises, /fulfilments and so on. All paths are
    described at /openapi.json.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))  # until the server installs its own handlers
    logs.configure(log)
    silence_kafka_logs()
    address = parse_option(Address.parse, bind, "--bind")
    metrics_at = parse_option(Address.parse, metrics, "--metrics")
    with report_errors():
        connection, loaded = read_connection(bootstrap, kafka_config), load_feeds(feeds)
    if not allow_unsigned and not _is_loopback(address):
        _refuse_unsigned(loaded, address)
    if tokens is None and not any(feed.webhook for feed in loaded):
        fail(f"--feeds {feeds}: no feed has a webhook; give one a [feed.webhook] table, or give --tokens", USAGE)
    _run(connection, loaded, address, metrics_at, feeds, tokens)


def _run(
    connection: Connection,
    loaded: tuple[Feed, ...],
    address: Address,
    metrics_at: Address,
    feeds: Path,
    tokens: Path | None,
) -> None:
    # The server takes long to import, so other commands do not import it.
    from streams.gateway.run import GatewaySettings, TokensError, run
    from streams.metrics.server import AddressTaken

    settings = GatewaySettings(
        connection=connection,
        feeds=loaded,
        bind=address,
        metrics=metrics_at,
        feeds_file=feeds,
        tokens=tokens,
    )
    with report_errors():
        try:
            run(settings)
        except TokensError as error:
            fail(f"--tokens {error}", USAGE)
        except AddressTaken as error:
            fail(str(error), USAGE)


def _is_loopback(address: Address) -> bool:
    try:
        return ip_address(address.host.strip("[]")).is_loopback
    except ValueError:
        return address.host == "localhost"


def _refuse_unsigned(feeds: tuple[Feed, ...], address: Address) -> None:
    """End the command if a feed without signatures could be reached from other machines."""
    for feed in feeds:
        if feed.webhook and SCHEMES[feed.webhook.scheme].is_open:
            fail(
                f"feed {feed.name}: scheme none accepts any request, and other machines reach --bind {address}; "
                "give the feed a scheme, bind to 127.0.0.1, or add --allow-unsigned",
                USAGE,
            )
