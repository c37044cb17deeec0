"""Shared by all tests: which tests may start processes, the shared Kafka, and what fails a run besides failing tests.

A test is an integration test if one of its fixtures starts processes, or it is marked `integration`: because it starts
processes itself, waits for a time-out of the network, or judges whole data sets. All others are unit tests: they start
no process (tests/support/isolation.py sees to it), and `make unit` runs them alone.

Where continuous integration runs (CI is set), a skipped test is a failed run, and chance is fixed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.support.isolation import guard
from tests.support.leftovers import adopt_orphans, end_leftovers, end_servers

if TYPE_CHECKING:
    from streams.local.kafka_cluster import LocalKafka

# Locally each run uses another seed; in CI a commit always gives the same result. Machines are too busy for deadlines.
settings.register_profile("promises", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("promises")

_TESTS = Path(__file__).parent
_skipped: list[str] = []
_left: list[str] = []

_LONGEST = (
    *("deploy/test_end_to_end", "worker/test_truth", "test_readme", "alerting/test_promise_alerts"),
    *("worker/test_secured", "intake/test_killed", "worker/test_demo", "worker/test_errors", "day/test_day"),
    *("worker/test_hostile", "local/test_kafka_cluster", "worker/test_live", "engine/transport/test_workers"),
    *("worker/test_operations", "gateway/test_survives", "alerting/test_pipeline_alerts"),
    *("engine/test_transaction", "intake/test_feeds"),
)
"""The files that take longest, the longest first: begun in this order, none of them is waited for in the end."""

# Rich and Typer look at these when they are imported: commands would believe that they write to a terminal.
for _name in ("COLUMNS", "FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS", "GITHUB_ACTIONS", "TTY_COMPATIBLE"):
    os.environ.pop(_name, None)


def pytest_configure() -> None:
    # A shell starts background jobs with SIGINT ignored, and all that they start inherits it: a test that interrupts
    # a command would wait for its end in vain.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    adopt_orphans()


@pytest.fixture(scope="session")
def processes() -> None:
    """Every fixture that starts processes asks for this one: so the tests that use it are integration tests."""


@pytest.fixture(scope="session")
def broker(processes: None) -> Iterator[LocalKafka]:
    """The Kafka of this process of pytest: started for the first test that needs it, ended after the last."""
    from streams.local.kafka_cluster import LocalKafka  # unit tests do not wait for the client of Kafka

    with LocalKafka() as kafka:
        yield kafka


@pytest.fixture(scope="module")
def empty_kafka(broker: LocalKafka) -> Iterator[str]:
    """The address of a Kafka without topics, for one module."""
    from tests.support.broker import emptied

    with emptied(broker) as address:
        yield address


@pytest.fixture(scope="module")
def bootstrap(empty_kafka: str) -> str:
    """The address of a Kafka with the topics that `promises topics` makes, for one module."""
    from tests.support.broker import create_topics

    create_topics(empty_kafka)
    return empty_kafka


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "processes" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.integration)
    integration = {item.path for item in items if item.get_closest_marker("integration")}
    ranks = {_TESTS / f"{name}.py": rank for rank, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path, len(ranks) + (item.path not in integration)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    guard("" if item.get_closest_marker("integration") else item.nodeid)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    guard("")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail") and not _may_be_skipped(report):
        _skipped.append(report.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.skipped and not _may_be_skipped(report):
        _skipped.append(report.nodeid)


def _may_be_skipped(report: pytest.TestReport | pytest.CollectReport) -> bool:
    """Return whether the files in ../shared are missing, which are not in the repository, and PROMISES_WITHOUT_SHARED
    says that this is known."""
    return "PROMISES_WITHOUT_SHARED" in os.environ and "beside the repository (../shared" in str(report.longrepr)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Take over what a process of xdist found."""
    _left.extend(getattr(node, "workeroutput", {}).get("leftovers", ()))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:  # a process of xdist, which sends its output to the one that started it in `yield`
        output["leftovers"] = end_leftovers()
        end_servers()
    yield
    if output is None:
        _left.extend(end_leftovers())
        end_servers()
        _fail_for_leftovers(session)
    if os.environ.get("CI") and _skipped:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _fail_for_leftovers(session: pytest.Session) -> None:
    if not _left:
        return
    session.exitstatus = pytest.ExitCode.TESTS_FAILED
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.section("processes that tests left behind", red=True)
        for name in _left:
            reporter.write_line(name)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if os.environ.get("CI") and _skipped:
        terminalreporter.section("skipped in CI, where nothing may be", red=True)
        for name in _skipped:
            terminalreporter.write_line(name)
