"""The workers and their supervisor, which restarts any worker that has ended, as an init system would."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streams.metrics.scrape import Scrape
from tests.worker.records import PARTITIONS
from tests.worker.workers import Worker

MOST: Final = 3
SECONDS_TO_STOP: Final = 30.0

_READY: Final = re.compile(r"^promises_ready 1", re.MULTILINE)
_CLOCK: Final = re.compile(r'^promises_clock_timestamp_seconds\{partition="(\d+)"\}', re.MULTILINE)


@dataclass(slots=True)
class Member:
    """A worker.

    is_static: a static member of the group, which keeps its partitions over a restart. thaws_at: the end of a freeze,
    by the monotonic clock. started_at: the start of the process; None once it has served a page.
    """

    number: int
    worker: Worker
    is_static: bool
    thaws_at: float | None = None
    started_at: float | None = None

    def start(self) -> None:
        self.worker.start()
        self.started_at = time.monotonic()

    @property
    def name(self) -> str:
        return f"worker {self.number}{' (static)' if self.is_static else ''}"


class Fleet:
    """All workers.

    exits: the number of unexpected ends by exit code. stops: the seconds and exit codes of requested stops. starts: the
    seconds from the start of a process to its first page.
    """

    def __init__(self, bootstrap: str, directory: Path, policies: Path, log: Callable[[str], None]) -> None:
        self.members: list[Member] = []
        self.exits: Counter[int] = Counter()
        self.stops: list[tuple[float, int]] = []
        self.starts: list[float] = []
        self._bootstrap = bootstrap
        self._directory = directory
        self._options = ("--clock", "stream", "--policies", str(policies))
        self._log = log

    def join(self) -> Member:
        """Start one more worker under the lowest free number. Even numbers are static members."""
        number = min(set(range(MOST + 1)) - {member.number for member in self.members})
        is_static = number % 2 == 0
        instance_options = ("--instance", f"chaos-{number}") if is_static else ()
        worker = Worker(self._bootstrap, self._directory, *self._options, *instance_options)
        member = Member(number, worker, is_static)
        member.start()
        self.members.append(member)
        return member

    def leave(self, member: Member) -> None:
        """Ask a worker to end, and wait until it has."""
        self.members.remove(member)
        began = time.monotonic()
        try:
            code = member.worker.stop(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            member.worker.kill()
            code = -signal.SIGKILL
        self.stops.append((time.monotonic() - began, code))

    def kill(self, member: Member) -> None:
        """Kill a worker, and restart it."""
        member.worker.kill()
        member.start()

    def freeze(self, member: Member, seconds: float) -> None:
        """Stop the process of a worker for so long."""
        os.kill(member.worker.process.pid, signal.SIGSTOP)
        member.thaws_at = time.monotonic() + seconds
        member.started_at = None

    def awake(self) -> list[Member]:
        """Return the workers that are not frozen."""
        return [member for member in self.members if member.thaws_at is None]

    def frozen(self) -> list[Member]:
        return [member for member in self.members if member.thaws_at is not None]

    def tend(self) -> None:
        """Restart workers that have ended, and let workers go on whose freeze is over."""
        for member in self.members:
            if member.thaws_at is not None and member.thaws_at <= time.monotonic():
                self._log(f"{member.name} goes on")
                os.kill(member.worker.process.pid, signal.SIGCONT)
                member.thaws_at = None
            code = member.worker.process.poll()
            if code is not None:
                self._log(f"{member.name} ended with exit code {code}, and is started again")
                self.exits[code] += 1
                member.start()

    def pages(self) -> list[Scrape]:
        """Return the metrics of all workers that are awake; empty pages of those that serve none yet."""
        return [member.worker.page() for member in self.awake()]

    def is_whole(self) -> bool:
        """Return whether every worker is ready and every partition is on exactly one page."""
        pages = [self._text(member) for member in self.awake()]
        owned = sorted(int(partition) for page in pages for partition in _CLOCK.findall(page))
        return all(_READY.search(page) for page in pages) and owned == [*range(PARTITIONS)]

    def _text(self, member: Member) -> str:
        """Return the page as text. It is fetched often, and parsing all of it would take the processor from the
        workers.
        """
        try:
            text = member.worker.text()
        except OSError:
            return ""
        if member.started_at is not None:
            self.starts.append(time.monotonic() - member.started_at)
            member.started_at = None
        return text

    def end(self) -> None:
        """Kill all workers, frozen ones too."""
        for member in self.members:
            member.worker.kill()


def clocks(page: Scrape) -> dict[int, int]:
    """Return the watermarks on a page by partition, in milliseconds."""
    watermarks = page.by("promises_clock_timestamp_seconds", "partition")
    return {int(partition): round(seconds * 1000) for (partition,), seconds in watermarks.items()}
