"""`promises intake`: adapt what feeds bring to canonical events, live, and serve /metrics."""

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
    KafkaConfigOption,
    LocationsOption,
    LogOption,
    MetricsOption,
    clear_errors,
    fail,
    hush_kafka,
    load_feeds,
    load_locations,
    metrics_address,
    one_of,
    zones_of,
)
from streams.config.feeds import Feed
from streams.intake.settings import IntakeSettings
from streams.judging.locations import Locations
from streams.kafka.clients import check_intake
from streams.kafka.connection import read_connection

log = logging.getLogger("promises")

FeedsOption = Annotated[Path, typer.Option("--feeds", envvar="PROMISES_FEEDS", help="The feeds, TOML.")]
GroupOption = Annotated[str, typer.Option(envvar="PROMISES_INTAKE_GROUP", help="The consumer group of all intakes.")]
InstanceOption = Annotated[
    str | None,
    typer.Option(
        envvar="PROMISES_INSTANCE",
        help="A name of this intake's own, the same after a restart: then it gets its partitions back.",
    ),
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
    """Adapt what feeds bring to events in promise.events until told to end."""
    # What reads schemas takes a while to import; no other command waits for it.
    from streams.intake.feed_adapters import adapters_of

    logs.configure(one_of(logs.LogFormat, log, "--log"))
    hush_kafka()
    address = metrics_address(metrics)
    with clear_errors():
        connection, declared = read_connection(bootstrap, kafka_config), load_feeds(feeds)
        known = load_locations(locations)
        _tell_who_waits(known, declared)
        adapters = adapters_of(declared, zones_of(known))
        partitions = check_intake(connection, group, [feed.topic for feed in declared], f" --feeds {feeds}")
    _run(
        IntakeSettings(
            connection=connection,
            feeds=declared,
            adapters=adapters,
            partition_counts=partitions,
            metrics=address,
            group=group,
            instance=instance,
        )
    )


def _tell_who_waits(locations: Locations, feeds: Iterable[Feed]) -> None:
    """Another intake may read those feeds; or there is a mistake in a name, and their promises are never judged."""
    awaited = {limits.feed for limits in locations.feeds().values()} - {feed.name for feed in feeds}
    if awaited:
        log.warning("locations wait for feeds that are not read here: %s", ", ".join(sorted(awaited)))


def _run(settings: IntakeSettings) -> None:
    # Faust takes half a second to import; no other command waits for it.
    from streams.intake import app
    from streams.metrics.server import AddressTaken

    try:
        app.run(settings)
    except AddressTaken as error:
        fail(str(error), USAGE)
