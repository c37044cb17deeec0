"""`promises check`: check policies, an adapter, feeds, and the topics of a Kafka cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import typer
from rich.console import Console

from streams.adapters.differences import differences
from streams.adapters.vendors import AdapterTests, load, load_tests, load_with
from streams.cli.options import (
    CHECK_FAILED,
    AdapterOption,
    FeedsOption,
    KafkaConfigOption,
    OptionalBootstrapOption,
    PoliciesOption,
    load_feeds,
    load_policies,
    report_errors,
    silence_kafka_logs,
)
from streams.kafka.connection import read_connection
from streams.kafka.describe import describe_topics
from streams.kafka.topic_checks import Finding, check_topics
from streams.kafka.topics import Topic, feed_topic


def check(
    policies: PoliciesOption = None,
    adapter: AdapterOption = None,
    bootstrap: OptionalBootstrapOption = None,
    kafka_config: KafkaConfigOption = None,
    feeds: FeedsOption = None,
) -> None:
    """Check policies, an adapter with the tests beside it, feeds, and, with --bootstrap, the topics of a Kafka cluster.

    Each finding has a remedy. Without --policies, the default policies are shown. The exit code is 1 if a test fails or
    a topic has an error; warnings do not change it.
    """
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    silence_kafka_logs()
    with report_errors():
        rules = load_policies(policies)
        summary = _adapter_summary(adapter) if adapter else []
        failures = _test_failures(adapter) if adapter else []
        topics = [feed_topic(feed.topic) for feed in load_feeds(feeds)]
        findings = _topic_findings(bootstrap, kafka_config, topics) if bootstrap else []
    for policy in rules.all:
        kept_by = " or ".join(policy.kept_by)
        console.print(f"{policy.id}: {policy.kind}, kept by {kept_by}, grace {policy.grace / 1000:g} s", markup=False)
    for line in [*summary, *failures, *map(str, findings)]:
        console.print(line, markup=False)
    if failures or any(finding.level == "error" for finding in findings):
        raise typer.Exit(CHECK_FAILED)
    console.print("no mistakes found")


def _adapter_summary(name: str) -> list[str]:
    """Return what an adapter is for, which fields it reads, and how many tests it has. Raises AdapterError."""
    adapter, tests = load(name), load_tests(name)
    lines = [adapter.about] if adapter.about else []
    if adapter.columns:
        lines.append(f"reads {', '.join(sorted(adapter.columns))}")
    lines.append(f"tests beside it: {len(tests.tests) if tests else 'none'}")
    return [f"{name}: {line}" for line in lines]


def _test_failures(name: str) -> list[str]:
    """Return the differences that the tests of an adapter find, test by test. Raises AdapterError."""
    tests = load_tests(name)
    return list(_failure_lines(name, tests)) if tests else []


def _failure_lines(name: str, tests: AdapterTests) -> Iterator[str]:
    adapter = load_with(name, tests.tables, tests.zones)
    for test in tests.tests:
        if test_differences := differences(adapter, test):
            yield f"{name}: {test.name}:"
            yield from (f"  {difference}" for difference in test_differences)


def _topic_findings(bootstrap: str, kafka_config: Path | None, feeds: list[Topic]) -> list[Finding]:
    connection = read_connection(bootstrap, kafka_config)
    return check_topics(bootstrap, describe_topics(connection, feeds), feeds)
