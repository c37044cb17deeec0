"""`promises town`: the events of a simulated town on your Kafka, to see the rest at work."""

from __future__ import annotations

import threading
from typing import Annotated

import typer

from streams.cli.options import BootstrapOption, KafkaConfigOption, clear_errors, end_on_sigterm, hush_kafka
from streams.kafka.connection import read_connection
from streams.local.town import MINUTE, ORDERS_PER_MINUTE
from streams.local.town import town as lives
from streams.local.town_feeds import live
from streams.wall_clock import wall_clock


def town(
    bootstrap: BootstrapOption,
    kafka_config: KafkaConfigOption = None,
    seed: Annotated[int, typer.Option(help="Which town: the same seed lives the same life.")] = 1,
    orders: Annotated[
        float, typer.Option(min=0.1, help="Orders in a quiet minute of the town, which lasts a second.")
    ] = ORDERS_PER_MINUTE,
) -> None:
    """Send what happens in a simulated town of eight shops to promise.events, until told to end.

    A minute of the town lasts a second. Its policies are streams/local/town-policies.toml.
    """
    hush_kafka()
    end_on_sigterm()
    arrivals = lives(seed, wall_clock(), minute=MINUTE, orders_per_minute=orders)
    with clear_errors():
        try:
            live(read_connection(bootstrap, kafka_config), arrivals, threading.Event().wait)
        except KeyboardInterrupt:
            return
