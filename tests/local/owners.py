"""Programs that own child processes and are interrupted or killed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_SECONDS = 60.0


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Return when `condition` holds; fail, naming `what`, when it does not within a minute."""
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited for this in vain: {what}"
        time.sleep(0.02)


@contextmanager
def owner(source: str, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Run a Python program in its own process group, as from a terminal; end it with the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", source, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def running(argument: str) -> list[str]:
    """Return the command lines of running processes that contain `argument`, such as a directory of this test."""
    lines = subprocess.run(["ps", "-A", "-ww", "-o", "args="], capture_output=True, text=True, check=True).stdout
    return [line for line in lines.splitlines() if argument in line and sys.executable + " -c" not in line]
