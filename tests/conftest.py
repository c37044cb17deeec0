"""For all tests: where continuous integration runs (CI is set), a skipped test is a failed run, and chance is fixed."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# At home each run searches elsewhere; in CI the same commit gives the same answer. Machines are too busy for deadlines.
settings.register_profile("promises", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("promises")

_skipped: list[str] = []


_LONG = tuple(
    f"tests/{name}"
    for name in (
        "chaos",
        "deploy",
        "test_readme",
        "worker",
        "day",
        "gateway",
        "intake",
        "notifier",
        "dashboards",
        "alerting",
    )
)
"""Folders and files that take longest: begun first, so that none of them is what the others wait for in the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: [not item.nodeid.startswith(folder) for folder in _LONG])


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.skipped:
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if os.environ.get("CI") and _skipped:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if os.environ.get("CI") and _skipped:
        terminalreporter.section("skipped in CI, where nothing may be", red=True)
        for name in _skipped:
            terminalreporter.write_line(name)
