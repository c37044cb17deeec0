"""`promises topics`: create the missing topics."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from streams.cli.options import BootstrapOption, FeedsOption, KafkaConfigOption, load_feeds, report_errors
from streams.kafka.clients import create_topics
from streams.kafka.connection import read_connection
from streams.kafka.topics import feed_topic


def topics(
    bootstrap: BootstrapOption,
    partitions: Annotated[
        int,
        typer.Option(envvar="PROMISES_PARTITIONS", min=1, help="Partitions of each topic; fixed for good."),
    ] = 4,
    replication: Annotated[
        int, typer.Option(envvar="PROMISES_REPLICATION", min=1, help="Copies of each partition; 3 in production.")
    ] = 1,
    kafka_config: KafkaConfigOption = None,
    feeds: FeedsOption = None,
) -> None:
    """Create the missing topics with the settings they need; with --feeds, also those of the feeds."""
    with report_errors():
        feed_topics = [feed_topic(feed.topic) for feed in load_feeds(feeds)]
        results = create_topics(read_connection(bootstrap, kafka_config), partitions, replication, feed_topics)
    for name, result in results.items():
        Console().print(f"{name}: {result}", markup=False, highlight=False)
