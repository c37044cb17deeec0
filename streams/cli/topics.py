"""`promises topics`: create the topics that are missing."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from streams.cli.options import BootstrapOption, FeedsOption, KafkaConfigOption, clear_errors, load_feeds
from streams.kafka.clients import create_topics
from streams.kafka.connection import read_connection
from streams.kafka.topics import feed_topic


def topics(
    bootstrap: BootstrapOption,
    partitions: Annotated[
        int, typer.Option(envvar="PROMISES_PARTITIONS", min=1, help="Fixed for life: plan ahead.")
    ] = 4,
    replication: Annotated[int, typer.Option(envvar="PROMISES_REPLICATION", min=1, help="3 in production.")] = 1,
    kafka_config: KafkaConfigOption = None,
    feeds: FeedsOption = None,
) -> None:
    """Create the topics that are missing, each with the settings it needs; with --feeds those of the feeds, too."""
    with clear_errors():
        of_feeds = [feed_topic(feed.topic) for feed in load_feeds(feeds)]
        done = create_topics(read_connection(bootstrap, kafka_config), partitions, replication, of_feeds)
    for name, what in done.items():
        Console().print(f"{name}: {what}", markup=False, highlight=False)
