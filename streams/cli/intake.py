"""`promises intake`: adapt the records of feeds to canonical events, live, and serve /metrics."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from streams import logs
from streams.cli.options import (
    USAGE,
    BootstrapOption,
    InstanceOption,
    KafkaConfigOption,
    LocationsOption,
    LogOption,
    MetricsOption,
    fail,
    load_feeds,
    load_locations,
    metrics_address,
    report_errors,
    silence_kafka_logs,
    zones_of,
)
from streams.config.feeds import Feed
from streams.intake.settings import IntakeSettings
from streams.judging.locations import Locations
from streams.kafka.clients import check_intake
from streams.kafka.connection import read_connection

log = logging.getLogger("promises")

FeedsOption = Annotated[Path, typer.Option("--feeds", envvar="PROMISES_FEEDS", help="The feeds, TOML.")]
GroupOption = Annotated[
    str, typer.Option(envvar="PROMISES_INTAKE_GROUP", help="Consumer group of the intake processes.")
]


def intake(
    feeds: FeedsOption,
    bootstrap: BootstrapOption,
    kafka_config: KafkaConfigOption = None,
    locations: LocationsOption = None,
    metrics: MetricsOption = "127.0.0.1:9465",
    group: GroupOption = "promises-intake",
    instance: InstanceOption = None,
    log: LogOption = "text",
) -> None:
    """Adapt the records of feeds to events in promise.events, until SIGTERM or Ctrl-C."""
    # The schema libraries take long to import, so other commands do not import them.
    from streams.intake.feed_adapters import adapters_of

    logs.configure(log)
    silence_kafka_logs()
    address = metrics_address(metrics)
    with report_errors():
        connection, declared = read_connection(bootstrap, kafka_config), load_feeds(feeds)
        known_locations = load_locations(locations)
        _warn_of_missing_feeds(known_locations, declared)
        adapters = adapters_of(declared, zones_of(known_locations))
        partitions = check_intake(connection, group, [feed.topic for feed in declared], f" --feeds {feeds}")
    settings = IntakeSettings(
        connection=connection,
        feeds=declared,
        adapters=adapters,
        partition_counts=partitions,
        metrics=address,
        group=group,
        instance=instance,
    )
    _run(settings)


def _warn_of_missing_feeds(locations: Locations, feeds: Iterable[Feed]) -> None:
    """Log the feeds of locations that this process does not read.

    Another intake may read them. If a name is misspelt, promises of its locations are never judged.
    """
    missing = {limits.feed for limits in locations.feeds().values()} - {feed.name for feed in feeds}
    if missing:
        log.warning("locations wait for feeds that are not read here: %s", ", ".join(sorted(missing)))


def _run(settings: IntakeSettings) -> None:
    # Faust takes half a second to import, so other commands do not import it.
    from streams.intake import app
    from streams.metrics.server import AddressTaken

    try:
        app.run(settings)
    except AddressTaken as error:
        fail(str(error), USAGE)
