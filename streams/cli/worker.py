"""`promises worker`: judge the promises of promise.events live, and serve /metrics."""

from __future__ import annotations

from typing import Annotated

import typer

from streams import logs
from streams.cli.options import (
    USAGE,
    BootstrapOption,
    GroupOption,
    InstanceOption,
    KafkaConfigOption,
    LocationsOption,
    LogOption,
    MetricsOption,
    PoliciesOption,
    fail,
    load_locations,
    load_policies,
    metrics_address,
    parse_option,
    report_errors,
    silence_kafka_logs,
)
from streams.config.toml import parse_duration
from streams.kafka.clients import check_worker
from streams.kafka.connection import read_connection
from streams.worker.settings import ClockMode, Processing, WorkerSettings

ClockOption = Annotated[
    ClockMode,
    typer.Option(
        envvar="PROMISES_CLOCK",
        help="live: the wall clock, once all records are read. stream: the timestamps of the records.",
    ),
]
ProcessingOption = Annotated[
    Processing,
    typer.Option(
        envvar="PROMISES_PROCESSING",
        help="exactly_once: in transactions. at_least_once: outputs may repeat with the same ids.",
    ),
]
RetentionOption = Annotated[
    str | None,
    typer.Option(envvar="PROMISES_RETENTION", help="How long closed cases are stored: 90d. Default: for ever."),
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
    """Judge the promises of promise.events, until SIGTERM or Ctrl-C."""
    logs.configure(log)
    silence_kafka_logs()
    address = metrics_address(metrics)
    retention_ms = parse_option(parse_duration, retention, "--retention") if retention is not None else None
    with report_errors():
        connection, rules = read_connection(bootstrap, kafka_config), load_policies(policies)
        feeds = load_locations(locations).feeds()
        settings = WorkerSettings(
            connection=connection,
            policies=rules,
            clock=clock,
            metrics=address,
            group=group,
            processing=processing,
            instance=instance,
            retention=retention_ms,
            feeds=feeds,
        )
        check_worker(connection, group, is_exact=settings.is_exact)
    _run(settings)


def _run(settings: WorkerSettings) -> None:
    # Faust takes half a second to import, so other commands do not import it.
    from streams.metrics.server import AddressTaken
    from streams.worker import app

    try:
        app.run(settings)
    except AddressTaken as error:
        fail(str(error), USAGE)
