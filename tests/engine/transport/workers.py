"""Worker processes as a test sees them: started, listened to, asked to stop or killed."""

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
    """A process of tests.engine.transport.worker. `told` is all that it has said, oldest first."""

    def __init__(self, bootstrap: str, app: str, topic: str, directory: Path, **options: Any) -> None:
        number = next(_numbers)
        self._said = directory / f"worker-{number}.jsonl"
        self._errors = directory / f"worker-{number}.log"
        self.arguments = {
            "bootstrap": bootstrap,
            "app": app,
            "topic": topic,
            "port": number,
            "directory": str(directory / f"worker-{number}"),
            "said": str(self._said),
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
    def told(self) -> list[dict[str, Any]]:
        if not self._said.exists():
            return []
        lines = self._said.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    @property
    def openings(self) -> list[dict[int, int | None]]:
        """For each rebalance: the partitions given to this worker, with the offsets committed before."""
        opened = [one["opened"] for one in self.told if "opened" in one]
        return [{int(partition): offset for partition, offset in each.items()} for each in opened]

    def given(self) -> dict[int, list[int]]:
        """The offsets that its agent was given since the last rebalance, by partition, in order."""
        told = self.told
        starts = [index for index, one in enumerate(told) if "opened" in one]
        given: dict[int, list[int]] = {}
        for one in told[starts[-1] :] if starts else ():
            if "offsets" in one:
                given.setdefault(one["partition"], []).extend(one["offsets"])
        return given

    def caught_up(self) -> set[int]:
        """The partitions that it called caught up when it last said so."""
        looks = [one["caught_up"] for one in self.told if "caught_up" in one]
        return set(looks[-1]) if looks else set()

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait until `true`; fails, saying `what` did not happen, when the process ends before or time is up."""
        deadline = time.monotonic() + SECONDS_TO_COME_TRUE
        while not true():
            ended = self.process.poll()
            if ended is not None or time.monotonic() > deadline:
                raise AssertionError(
                    f"Not so: {what}. Exit code {ended}. Given: {self.given()}.\n{self.errors[-3000:]}"
                )
            time.sleep(0.05)

    def until_caught_up(self, partitions: Sequence[int]) -> None:
        self.until(lambda: self.caught_up() == set(partitions), f"caught up on {sorted(partitions)}")

    def ends(self) -> int:
        """The exit code, once it has ended by itself."""
        return self.process.wait(SECONDS_TO_COME_TRUE)

    def stop(self) -> int:
        """Ask it to stop, as a service manager does; the exit code. Raises TimeoutExpired when it does not in time."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS_TO_STOP)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
