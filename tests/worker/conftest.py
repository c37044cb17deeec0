"""Failure reports with the ends of the logs of all workers."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.worker.workers import logs

_END_OF_LOG = 4000


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for log in logs:
            if log.is_file():
                report.sections.append((f"end of {log.name}", log.read_text(errors="replace")[-_END_OF_LOG:]))
    return report
