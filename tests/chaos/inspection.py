"""The end of a run: everything that is there is compared with what must come of the log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from streams.kafka.topics import ALERTS, EVENTS, REJECTS, VERDICTS
from streams.metrics.scrape import Scrape
from tests.chaos import books, compare, topics
from tests.chaos.judged import judged
from tests.chaos.reducer import Expected, Reducer
from tests.worker.records import PARTITIONS


def truth_of(bootstrap: str, log: Path) -> Expected:
    """What must come of the log in Kafka; the log itself is written to the file `log`, without what is no event."""
    truth = Expected()
    with log.open("wb") as file:
        for partition in range(PARTITIONS):
            reducer = Reducer(partition, truth)
            for one in topics.read_partition(bootstrap, EVENTS.name, partition):
                value = one.value or b""
                reducer.read(one.offset, one.timestamp, value)
                if (partition, one.offset) not in truth.rejects:
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
    """All differences, in words; none if all is well."""
    return [
        *compare.owners(pages, truth),
        *compare.metrics(pages, truth),
        *judged(log, policies, max(truth.clocks.values()), truth),
        *compare.records(VERDICTS.name, topics.read(bootstrap, VERDICTS.name), truth.verdicts),
        *compare.records(ALERTS.name, topics.read(bootstrap, ALERTS.name), truth.alerts),
        *compare.rejects(topics.read(bootstrap, REJECTS.name), truth.rejects),
        *books.differences(bootstrap, truth),
    ]
