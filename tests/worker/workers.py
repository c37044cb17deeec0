"""Commands as processes for tests: start them, read their metrics, stop or kill them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.request import urlopen

from streams.cli.main import main
from streams.local.ports import free_ports
from streams.metrics.scrape import Scrape
from tests.cli.command import ROOT
from tests.support.processes import ForkedProcess

logs: Final[list[Path]] = []
"""The log files of all workers of this test run; conftest shows their ends when a test fails."""

_numbers = count(1)


def until(condition: Callable[[], bool], what: str, *, seconds: float = 90) -> None:
    """Wait until the condition holds. Fail, naming `what`, if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain until {what}"
        time.sleep(0.1)


def environment() -> dict[str, str]:
    """Return the environment of the caller, without settings of `promises`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PROMISES_")}
    return inherited | {"PYTHONUTF8": "1"}


class Program:
    """A long-running command of `promises`, which runs in a `with` block. It can be stopped or killed, and restarted.

    log: the file of its output. ignores_sigint: start it as a shell starts a background job.
    """

    def __init__(self, log: Path, *arguments: str | Path, ignores_sigint: bool = False) -> None:
        self.log = log
        self.ignores_sigint = ignores_sigint
        self._arguments = [*map(str, arguments)]
        self._process: ForkedProcess | None = None
        logs.append(log)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def process(self) -> ForkedProcess:
        assert self._process is not None, "the process was not started"
        return self._process

    def start(self) -> None:
        self._process = ForkedProcess(
            main,
            self._arguments,
            directory=ROOT,
            environment=environment(),
            log=self.log,
            ignores_sigint=self.ignores_sigint,
        )

    def kill(self) -> None:
        """End it at once, as a crash would; do nothing if it has ended."""
        self.process.kill()
        self.process.wait()


class Served(Program):
    """A command that serves /metrics on a free port."""

    def __init__(self, command: str, bootstrap: str, directory: Path, *options: str | Path) -> None:
        address = f"127.0.0.1:{free_ports(1)[0]}"
        self.url = f"http://{address}/metrics"
        log = directory / f"{command}-{next(_numbers)}.log"
        super().__init__(log, command, "--bootstrap", bootstrap, "--metrics", address, *options)

    def stop(self, seconds: float = 30) -> int:
        """Ask it to end, as a service manager does, and return the exit code. Raises TimeoutExpired."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def text(self) -> str:
        """Return the page as text. Raises OSError."""
        with urlopen(self.url, timeout=30) as page:
            return str(page.read().decode())

    def page(self) -> Scrape:
        """Return the page; an empty one before any is served."""
        try:
            return Scrape(self.text())
        except OSError:
            return Scrape("")

    def until(self, holds: Callable[[Scrape], bool], what: str, *, seconds: float = 90) -> Scrape:
        """Return the first page for which `holds` is true. Fail if the process ends before, or time is up."""
        requested = time.monotonic()
        deadline = requested + seconds
        while not holds(page := self.page()):
            code = self.process.poll()
            assert code is None, f"the process ended with exit code {code} before {what}"
            assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain until {what}\n{summary(page)}"
            # A large page costs the worker time, so leave it most of the time.
            time.sleep(0.2 + 3 * (time.monotonic() - requested))
            requested = time.monotonic()
        return page


class Worker(Served):
    """`promises worker`."""

    def __init__(self, bootstrap: str, directory: Path, *options: str | Path) -> None:
        super().__init__("worker", bootstrap, directory, *options)

    def until_ready(self) -> Scrape:
        return self.until(lambda page: page.sum("promises_ready") == 1, "the worker is ready")

    def until_read(self, records: int) -> Scrape:
        """Return a page on which so many records are accepted or refused, and the worker is ready."""
        return self.until(
            lambda page: records_read(page) >= records and page.sum("promises_ready") == 1,
            f"all {records} records are read",
            seconds=180,
        )


class Intake(Served):
    """`promises intake`."""

    def __init__(self, bootstrap: str, directory: Path, feeds: Path, *options: str | Path) -> None:
        super().__init__("intake", bootstrap, directory, "--feeds", feeds, *options)

    def until_ready(self) -> Scrape:
        return self.until(lambda page: page.sum("promises_intake_ready") == 1, "intake is ready")

    def until_read(self, records: int) -> Scrape:
        """Return a page on which so many records of feeds are read."""
        return self.until(
            lambda page: page.sum("promises_intake_records_total") >= records, f"all {records} records are read"
        )


def records_read(page: Scrape) -> float:
    """Return the number of accepted and refused records on the page."""
    return page.sum("promises_events_total") + page.sum("promises_rejects_total")


def summary(page: Scrape) -> str:
    """Return a summary of the page for the message of a failed test."""
    return "\n".join(
        f"{name} by {axes}: { {key: value for key, value in list(page.by(name, *axes).items())[:40] if value} }"
        for name, axes in (
            ("promises_ready", ()),
            ("promises_events_total", ("type",)),
            ("promises_rejects_total", ("reason",)),
            ("promises_clock_timestamp_seconds", ("partition",)),
            ("promises_intake_records_total", ("feed", "outcome")),
            ("promises_intake_clock_timestamp_seconds", ("feed", "partition")),
            ("promises_state", ("location", "basis", "verdict", "reason")),
        )
    )
