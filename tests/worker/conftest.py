"""One Kafka with all topics for each module; the ends of the workers' logs beside every failure."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from tests.worker.workers import kafka, logs

_END_OF_LOG = 4000


@pytest.fixture(scope="module")
def bootstrap() -> Iterator[str]:
    """The address of a Kafka of its own, with the topics as `promises topics` makes them."""
    with kafka() as address:
        yield address


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for log in logs:
            if log.is_file():
                report.sections.append((f"end of {log.name}", log.read_text(errors="replace")[-_END_OF_LOG:]))
    return report
