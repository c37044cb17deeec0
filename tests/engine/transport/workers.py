"""Worker processes for tests: start them, read their events, stop or kill them."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.engine.transport.worker import main
from tests.support.processes import ForkedProcess

REPOSITORY = Path(__file__).parents[3]
SECONDS_TO_COME_TRUE = 40.0
SECONDS_TO_STOP = 10.0
_numbers = count(1)


class Worker:
    """A process of tests.engine.transport.worker. events: all events that it has written, oldest first."""

    def __init__(self, bootstrap: str, app: str, topic: str, directory: Path, **options: Any) -> None:
        number = next(_numbers)
        self._events_file = directory / f"worker-{number}.jsonl"
        self._errors = directory / f"worker-{number}.log"
        self.arguments = {
            "bootstrap": bootstrap,
            "app": app,
            "topic": topic,
            "port": number,
            "directory": str(directory / f"worker-{number}"),
            "events_file": str(self._events_file),
            **options,
        }
        self._process: ForkedProcess | None = None

    def __enter__(self) -> Worker:
        arguments = [json.dumps(self.arguments)]
        self._process = ForkedProcess(
            main, arguments, directory=REPOSITORY, environment=dict(os.environ), log=self._errors
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    @property
    def process(self) -> ForkedProcess:
        assert self._process is not None
        return self._process

    @property
    def errors(self) -> str:
        return self._errors.read_text(errors="replace")

    @property
    def events(self) -> list[dict[str, Any]]:
        if not self._events_file.exists():
            return []
        lines = self._events_file.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    @property
    def openings(self) -> list[dict[int, int | None]]:
        """For each rebalance, the partitions assigned to this worker, with the offsets committed before."""
        openings = [event["opened"] for event in self.events if "opened" in event]
        return [{int(partition): offset for partition, offset in each.items()} for each in openings]

    def received(self) -> dict[int, list[int]]:
        """Return the offsets that its agent received since the last rebalance, by partition, in order."""
        events = self.events
        starts = [index for index, event in enumerate(events) if "opened" in event]
        given: dict[int, list[int]] = {}
        for event in events[starts[-1] :] if starts else ():
            if "offsets" in event:
                given.setdefault(event["partition"], []).extend(event["offsets"])
        return given

    def caught_up(self) -> set[int]:
        """Return the partitions that its last report called caught up."""
        reports = [event["caught_up"] for event in self.events if "caught_up" in event]
        return set(reports[-1]) if reports else set()

    def until(self, holds: Callable[[], bool], condition: str) -> None:
        """Wait until the condition holds. Fail if the process ends before, or time is up."""
        deadline = time.monotonic() + SECONDS_TO_COME_TRUE
        while not holds():
            ended = self.process.poll()
            if ended is not None or time.monotonic() > deadline:
                raise AssertionError(
                    f"not met: {condition}. Exit code {ended}. Received: {self.received()}.\n{self.errors[-3000:]}"
                )
            time.sleep(0.05)

    def until_caught_up(self, partitions: Sequence[int]) -> None:
        self.until(lambda: self.caught_up() == set(partitions), f"caught up on {sorted(partitions)}")

    def wait_for_exit(self) -> int:
        """Return the exit code, once it has ended by itself."""
        return self.process.wait(SECONDS_TO_COME_TRUE)

    def stop(self) -> int:
        """Ask it to stop, as a service manager does, and return the exit code. Raises TimeoutExpired."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS_TO_STOP)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
