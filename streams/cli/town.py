"""`promises town`: send the events of a simulated town to Kafka, to try everything else."""

from __future__ import annotations

import threading
from typing import Annotated

import typer

from streams.cli.options import BootstrapOption, KafkaConfigOption, end_on_sigterm, report_errors, silence_kafka_logs
from streams.kafka.connection import read_connection
from streams.local.town import MINUTE, ORDERS_PER_MINUTE
from streams.local.town import town as simulate
from streams.local.town_feeds import send_events
from streams.wall_clock import wall_clock


def town(
    bootstrap: BootstrapOption,
    kafka_config: KafkaConfigOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the town: the same seed gives the same events.")] = 1,
    orders: Annotated[
        float, typer.Option(min=0.1, help="Orders in a quiet minute of the town, which lasts one second.")
    ] = ORDERS_PER_MINUTE,
) -> None:
    """Send the events of a simulated town of eight shops to promise.events, until Ctrl-C.

    A minute of the town lasts one second. Its policies are in streams/local/town-policies.toml.
    """
    silence_kafka_logs()
    end_on_sigterm()
    events = simulate(seed, wall_clock(), minute=MINUTE, orders_per_minute=orders)
    with report_errors():
        try:
            send_events(read_connection(bootstrap, kafka_config), events, threading.Event().wait)
        except KeyboardInterrupt:
            return
