"""`promises worker`: judge live what arrives on Kafka, and serve /metrics."""

from __future__ import annotations

from typing import Annotated, cast, get_args

import typer

from streams import logs
from streams.cli.options import (
    USAGE,
    BootstrapOption,
    GroupOption,
    KafkaConfigOption,
    LogOption,
    PoliciesOption,
    clear_errors,
    fail,
    hush_kafka,
    load_policies,
    log_form,
)
from streams.connection import read_connection
from streams.judging.policy_file import length_of_time
from streams.kafka import check_worker
from streams.settings import Address, ClockMode, Processing, Settings


def worker(
    bootstrap: BootstrapOption,
    kafka_config: KafkaConfigOption = None,
    policies: PoliciesOption = None,
    clock: Annotated[
        str, typer.Option(envvar="PROMISES_CLOCK", help="live: the wall clock, once all is read. stream: the records.")
    ] = "live",
    metrics: Annotated[str, typer.Option(envvar="PROMISES_METRICS", help="Where /metrics is.")] = "127.0.0.1:9464",
    group: GroupOption = "promises",
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
    retention: Annotated[
        str | None,
        typer.Option(envvar="PROMISES_RETENTION", help="How long closed cases are kept: 90d. Default: for good."),
    ] = None,
    log: LogOption = "text",
) -> None:
    """Judge the promises of promise.events until told to end."""
    logs.set_up(log_form(log))
    hush_kafka()
    if clock not in get_args(ClockMode):
        fail(f"--clock {clock}: write live or stream", USAGE)
    if processing not in get_args(Processing):
        fail(f"--processing {processing}: write exactly_once or at_least_once", USAGE)
    try:
        address = Address.parse(metrics)
    except ValueError as error:
        fail(f"--metrics {error}", USAGE)
    try:
        kept_for = length_of_time(retention) if retention is not None else None
    except ValueError as error:
        fail(f"--retention {retention}: {error}", USAGE)
    with clear_errors():
        connection = read_connection(bootstrap, kafka_config)
        settings = Settings(
            connection,
            load_policies(policies),
            cast("ClockMode", clock),
            address,
            group,
            cast("Processing", processing),
            instance,
            kept_for,
        )
        check_worker(connection, group, is_exact=settings.processing == "exactly_once")
    _run(settings)


def _run(settings: Settings) -> None:
    # Faust takes half a second to import; no other command waits for it.
    from streams import app
    from streams.metrics.server import AddressTaken

    try:
        app.run(settings)
    except AddressTaken as error:
        fail(str(error), USAGE)
