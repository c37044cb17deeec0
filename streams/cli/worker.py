"""`promises worker`: judge live what arrives on Kafka, and serve /metrics."""

from __future__ import annotations

import logging
from typing import Annotated, cast, get_args

import typer

from streams.cli.options import USAGE, BootstrapOption, PoliciesOption, clear_errors, fail, load_policies
from streams.kafka import partitions_of
from streams.settings import Address, ClockMode, Processing, Settings
from streams.topics import EVENTS


def worker(
    bootstrap: BootstrapOption,
    policies: PoliciesOption = None,
    clock: Annotated[
        str, typer.Option(envvar="PROMISES_CLOCK", help="live: the wall clock, once all is read. stream: the records.")
    ] = "live",
    metrics: Annotated[str, typer.Option(envvar="PROMISES_METRICS", help="Where /metrics is.")] = "127.0.0.1:9464",
    group: Annotated[
        str, typer.Option(envvar="PROMISES_GROUP", help="The consumer group of all workers.")
    ] = "promises",
    processing: Annotated[
        str,
        typer.Option(
            envvar="PROMISES_PROCESSING",
            help="exactly_once: in transactions. at_least_once: outputs may repeat under the same ids.",
        ),
    ] = "exactly_once",
    instance: Annotated[
        str | None,
        typer.Option(
            envvar="PROMISES_INSTANCE",
            help="A name of this worker's own, the same after a restart: then it gets its partitions back.",
        ),
    ] = None,
) -> None:
    """Judge the promises of promise.events until told to end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what it would say, our own error says once
    if clock not in get_args(ClockMode):
        fail(f"--clock {clock}: write live or stream", USAGE)
    if processing not in get_args(Processing):
        fail(f"--processing {processing}: write exactly_once or at_least_once", USAGE)
    try:
        address = Address.parse(metrics)
    except ValueError as error:
        fail(f"--metrics {error}", USAGE)
    with clear_errors():
        settings = Settings(
            bootstrap,
            load_policies(policies),
            cast("ClockMode", clock),
            address,
            group,
            cast("Processing", processing),
            instance,
        )
        partitions_of(bootstrap, EVENTS.name)
    _run(settings)


def _run(settings: Settings) -> None:
    # Faust takes half a second to import; no other command waits for it.
    from streams import app
    from streams.metrics.server import AddressTaken

    try:
        app.run(settings)
    except AddressTaken as error:
        fail(str(error), USAGE)
