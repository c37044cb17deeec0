"""The process `promises notify` for tests: started, terminated or killed."""

from __future__ import annotations

import signal
import time
from itertools import count
from pathlib import Path
from typing import Final

from tests.support.certificates import written
from tests.worker.workers import Program

SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

_numbers = count(1)


def secret_in(directory: Path) -> Path:
    """Return a file with the secret."""
    return written(directory, "secret", f"{SECRET}\n")


def unreachable_webhook(directory: Path) -> tuple[str | Path, ...]:
    """Return the options of a notifier whose receiver cannot be reached."""
    return "--webhook", "http://127.0.0.1:9/", "--secret-file", secret_in(directory)


class Notifier(Program):
    """A running `promises notify`."""

    def __init__(self, bootstrap: str, url: str, directory: Path, *options: str | Path) -> None:
        log = directory / f"notifier-{next(_numbers)}.log"
        arguments = "--bootstrap", bootstrap, "--webhook", url, "--secret-file", secret_in(directory)
        super().__init__(log, "notify", *arguments, *options)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send it this signal; its exit code. Raises TimeoutExpired before it would have given a receiver up."""
        self.process.send_signal(number)
        return self.process.wait(8)

    def until_said(self, words: str, seconds: float = 60) -> str:
        """Return the first line of the log with these words. Fail if the process ends before, or after a timeout."""
        deadline = time.monotonic() + seconds
        while True:
            ended = self.process.poll()
            for line in self.log.read_text("utf-8").splitlines():
                if words in line:
                    return line
            assert ended is None, f"it ended with {ended} before it said {words!r}"
            assert time.monotonic() < deadline, f"waited {seconds:.0f} s for this in vain: {words!r}"
            time.sleep(0.05)
