"""`promises gateway`: take webhooks over HTTP, and put them on Kafka."""

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
    argument,
    clear_errors,
    fail,
    hush_kafka,
    load_feeds,
    one_of,
)
from streams.config.feeds import Feed
from streams.kafka.connection import Connection, read_connection
from streams.metrics.address import Address
from streams.signatures.schemes import SCHEMES


def gateway(
    bootstrap: BootstrapOption,
    feeds: Annotated[Path, typer.Option(envvar="PROMISES_FEEDS", help="Feeds and their webhooks, TOML.")],
    kafka_config: KafkaConfigOption = None,
    bind: Annotated[
        str, typer.Option(envvar="PROMISES_BIND", help="Where webhooks are taken, as HOST:PORT.")
    ] = "127.0.0.1:8088",
    tokens: Annotated[
        Path | None,
        typer.Option(envvar="PROMISES_TOKENS", help="Who may post promises by hand: one or two bearer tokens."),
    ] = None,
    # Not PROMISES_METRICS: that is the worker's, which may run beside it.
    metrics: Annotated[
        str, typer.Option(envvar="PROMISES_GATEWAY_METRICS", help="Where /metrics is.")
    ] = "127.0.0.1:9466",
    allow_unsigned: Annotated[
        bool, typer.Option("--allow-unsigned", help='Take webhooks of scheme "none" from other machines, too.')
    ] = False,
    log: LogOption = "text",
) -> None:
    """Take webhooks, check their signatures, and answer when Kafka has them; go on until told to end.

    With --tokens also promises that are in no feed, at /promises, /fulfilments and so on: /openapi.json has all.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))  # until the server looks for it
    logs.configure(one_of(logs.LogFormat, log, "--log"))
    hush_kafka()
    at, shown = argument(Address.parse, bind, "--bind"), argument(Address.parse, metrics, "--metrics")
    with clear_errors():
        connection, found = read_connection(bootstrap, kafka_config), load_feeds(feeds)
    if not allow_unsigned and not _is_loopback(at):
        _refuse_unsigned(found, at)
    if tokens is None and not any(feed.webhook for feed in found):
        fail(f"--feeds {feeds}: no feed has a webhook; give one a [feed.webhook] table, or give --tokens", USAGE)
    _run(connection, found, at, shown, feeds, tokens)


def _run(
    connection: Connection, found: tuple[Feed, ...], at: Address, shown: Address, feeds: Path, tokens: Path | None
) -> None:
    # A server takes its time to import; no other command waits for it.
    from streams.gateway.run import GatewaySettings, TokensError, run
    from streams.metrics.server import AddressTaken

    with clear_errors():
        try:
            run(GatewaySettings(connection, found, at, shown, feeds, tokens))
        except TokensError as error:
            fail(f"--tokens {error}", USAGE)
        except AddressTaken as error:
            fail(str(error), USAGE)


def _is_loopback(address: Address) -> bool:
    try:
        return ip_address(address.host.strip("[]")).is_loopback
    except ValueError:
        return address.host == "localhost"


def _refuse_unsigned(feeds: tuple[Feed, ...], at: Address) -> None:
    for feed in feeds:
        if feed.webhook and SCHEMES[feed.webhook.scheme].is_open:
            fail(
                f"feed {feed.name}: scheme none takes whatever anybody posts, and other machines reach --bind {at}; "
                "give it a scheme, bind to 127.0.0.1, or say --allow-unsigned",
                USAGE,
            )
