"""`promises check`: read policies and adapters as the other commands would, and look at the topics of a Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from streams.adapters.differences import differences
from streams.adapters.vendors import AdapterTests, load, load_tests, load_with
from streams.cli.options import (
    NOT_WELL,
    AdapterOption,
    FeedsOption,
    KafkaConfigOption,
    PoliciesOption,
    clear_errors,
    hush_kafka,
    load_feeds,
    load_policies,
)
from streams.kafka.connection import read_connection
from streams.kafka.describe import topics_found
from streams.kafka.topic_checks import Finding, findings
from streams.kafka.topics import Topic, feed_topic


def check(
    policies: PoliciesOption = None,
    adapter: AdapterOption = None,
    bootstrap: Annotated[
        str | None, typer.Option(envvar="PROMISES_BOOTSTRAP", help="Look at the topics of this Kafka, too.")
    ] = None,
    kafka_config: KafkaConfigOption = None,
    feeds: FeedsOption = None,
) -> None:
    """Check policies, an adapter by the tests beside it, feeds, and the topics of a Kafka; each finding has a remedy.

    Without --policies, show the default policies. Ends with 1 when a test fails or a topic is not as it must be; a
    warning does not.
    """
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    hush_kafka()
    with clear_errors():
        rules = load_policies(policies)
        about = _about(adapter) if adapter else []
        wrong = _wrong(adapter) if adapter else []
        topics = [feed_topic(feed.topic) for feed in load_feeds(feeds)]
        found = _findings(bootstrap, kafka_config, topics) if bootstrap else []
    for policy in rules.all:
        kept_by = " or ".join(policy.kept_by)
        console.print(f"{policy.id}: {policy.kind}, kept by {kept_by}, grace {policy.grace / 1000:g} s", markup=False)
    for line in [*about, *wrong, *map(str, found)]:
        console.print(line, markup=False)
    if wrong or any(finding.level == "error" for finding in found):
        raise typer.Exit(NOT_WELL)
    console.print("no mistakes found")


def _about(name: str) -> list[str]:
    """What an adapter is for, what of a record it reads, and how many tests it has. Raises AdapterError."""
    adapter, tests = load(name), load_tests(name)
    said = [adapter.about] if adapter.about else []
    if adapter.columns:
        said.append(f"reads {', '.join(sorted(adapter.columns))}")
    said.append(f"tests beside it: {len(tests.tests) if tests else 'none'}")
    return [f"{name}: {line}" for line in said]


def _wrong(name: str) -> list[str]:
    """What tests of an adapter want otherwise, test by test. Raises AdapterError."""
    tests = load_tests(name)
    return list(_lines(name, tests)) if tests else []


def _lines(name: str, tests: AdapterTests) -> list[str]:
    adapter = load_with(name, tests.tables, tests.zones)
    found = [(test.name, differences(adapter, test)) for test in tests.tests]
    return [line for test, wrong in found if wrong for line in (f"{name}: {test}:", *(f"  {one}" for one in wrong))]


def _findings(bootstrap: str, kafka_config: Path | None, feeds: list[Topic]) -> list[Finding]:
    connection = read_connection(bootstrap, kafka_config)
    return findings(bootstrap, topics_found(connection, feeds), feeds)
