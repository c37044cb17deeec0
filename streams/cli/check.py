"""`promises check`: read policies and mappings as the other commands would, and look at the topics of a Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from streams.cli.options import (
    NOT_WELL,
    FeedsOption,
    KafkaConfigOption,
    MappingOption,
    PoliciesOption,
    clear_errors,
    hush_kafka,
    load_feeds,
    load_mapping,
    load_policies,
)
from streams.cluster.findings import Finding, findings
from streams.cluster.looking import topics_found
from streams.connection import read_connection
from streams.topics import Topic, feed_topic


def check(
    policies: PoliciesOption = None,
    mapping: MappingOption = None,
    bootstrap: Annotated[
        str | None, typer.Option(envvar="PROMISES_BOOTSTRAP", help="Look at the topics of this Kafka, too.")
    ] = None,
    kafka_config: KafkaConfigOption = None,
    feeds: FeedsOption = None,
) -> None:
    """Check a policy file, a mapping file, feeds, and the topics of a Kafka (--bootstrap); each finding has a remedy.

    Without --policies, show the default policies. Ends with 1 when a topic is not as it must be; a warning does not.
    """
    console = Console(highlight=False, soft_wrap=True)
    hush_kafka()
    with clear_errors():
        rules, columns = load_policies(policies), load_mapping(mapping)
        topics = [feed_topic(feed.topic) for feed in load_feeds(feeds)]
        found = _findings(bootstrap, kafka_config, topics) if bootstrap else []
    for policy in rules.all:
        kept_by = " or ".join(policy.kept_by)
        console.print(f"{policy.id}: {policy.kind}, kept by {kept_by}, grace {policy.grace / 1000:g} s", markup=False)
    if columns is not None:
        console.print(f"{columns.source}: reads {', '.join(sorted(columns.columns))}", markup=False)
    for finding in found:
        console.print(str(finding), markup=False)
    if any(finding.level == "error" for finding in found):
        raise typer.Exit(NOT_WELL)
    console.print("no mistakes found")


def _findings(bootstrap: str, kafka_config: Path | None, feeds: list[Topic]) -> list[Finding]:
    connection = read_connection(bootstrap, kafka_config)
    return findings(bootstrap, topics_found(connection, feeds), feeds)
