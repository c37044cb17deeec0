"""`promises worker`: judge live what arrives on Kafka, and serve /metrics."""

from __future__ import annotations

from typing import Annotated

import typer

from streams import logs
from streams.cli.options import (
    USAGE,
    BootstrapOption,
    GroupOption,
    KafkaConfigOption,
    LocationsOption,
    LogOption,
    MetricsOption,
    PoliciesOption,
    argument,
    clear_errors,
    fail,
    hush_kafka,
    load_locations,
    load_policies,
    metrics_address,
    one_of,
)
from streams.config.toml import parse_duration
from streams.kafka.clients import check_worker
from streams.kafka.connection import read_connection
from streams.worker.settings import ClockMode, Processing, WorkerSettings

ClockOption = Annotated[
    str, typer.Option(envvar="PROMISES_CLOCK", help="live: the wall clock, once all is read. stream: the records.")
]
ProcessingOption = Annotated[
    str,
    typer.Option(
        envvar="PROMISES_PROCESSING",
        help="exactly_once: in transactions. at_least_once: outputs may repeat under the same ids.",
    ),
]
InstanceOption = Annotated[
    str | None,
    typer.Option(
        envvar="PROMISES_INSTANCE",
        help="A name of this worker's own, the same after a restart: then it gets its partitions back.",
    ),
]
RetentionOption = Annotated[
    str | None,
    typer.Option(envvar="PROMISES_RETENTION", help="How long closed cases are kept: 90d. Default: for good."),
]


def worker(
    bootstrap: BootstrapOption,
    kafka_config: KafkaConfigOption = None,
    policies: PoliciesOption = None,
    locations: LocationsOption = None,
    clock: ClockOption = "live",
    metrics: MetricsOption = "127.0.0.1:9464",
    group: GroupOption = "promises",
    processing: ProcessingOption = "exactly_once",
    instance: InstanceOption = None,
    retention: RetentionOption = None,
    log: LogOption = "text",
) -> None:
    """Judge the promises of promise.events until told to end."""
    logs.configure(one_of(logs.LogFormat, log, "--log"))
    hush_kafka()
    mode: ClockMode = one_of(ClockMode, clock, "--clock")
    how: Processing = one_of(Processing, processing, "--processing")
    address = metrics_address(metrics)
    kept_for = argument(parse_duration, retention, "--retention") if retention is not None else None
    with clear_errors():
        connection, rules = read_connection(bootstrap, kafka_config), load_policies(policies)
        feeds = load_locations(locations).feeds()
        settings = WorkerSettings(connection, rules, mode, address, group, how, instance, kept_for, feeds)
        check_worker(connection, group, is_exact=settings.is_exact)
    _run(settings)


def _run(settings: WorkerSettings) -> None:
    # Faust takes half a second to import; no other command waits for it.
    from streams.metrics.server import AddressTaken
    from streams.worker import app

    try:
        app.run(settings)
    except AddressTaken as error:
        fail(str(error), USAGE)
