"""The end of a run: all results are compared with those that the log must lead to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from streams.kafka.topics import ALERTS, EVENTS, REJECTS, VERDICTS
from streams.metrics.scrape import Scrape
from tests.chaos import changelog_check, compare, topics
from tests.chaos.judge_check import judge_differences
from tests.chaos.reducer import Expected, Reducer
from tests.worker.records import PARTITIONS


def truth_of(bootstrap: str, log: Path) -> Expected:
    """Compute the expected results of the log in Kafka. The events in it are also written to the file `log`."""
    truth = Expected()
    with log.open("wb") as file:
        for partition in range(PARTITIONS):
            reducer = Reducer(partition, truth)
            for record in topics.read_partition(bootstrap, EVENTS.name, partition):
                value = record.value or b""
                reducer.read(record.offset, record.timestamp, value)
                if (partition, record.offset) not in truth.rejects:
                    file.write(value + b"\n")
            reducer.finish()
    return truth


def differences(
    bootstrap: str,
    pages: Sequence[Scrape],
    truth: Expected,
    log: Path,
    policies: Path,
) -> list[str]:
    """Return all differences; none if all is well."""
    return [
        *compare.owners(pages, truth),
        *compare.metrics(pages, truth),
        *judge_differences(log, policies, max(truth.clocks.values()), truth),
        *compare.records(VERDICTS.name, topics.read(bootstrap, VERDICTS.name), truth.verdicts),
        *compare.records(ALERTS.name, topics.read(bootstrap, ALERTS.name), truth.alerts),
        *compare.rejects(topics.read(bootstrap, REJECTS.name), truth.rejects),
        *changelog_check.differences(bootstrap, truth),
    ]
