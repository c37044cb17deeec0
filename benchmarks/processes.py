"""Measured processes: what a process has used, from /proc (Linux only). Processes always end with their block."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
_TICKS = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A part could not be measured; the message says which, why, and ends with the log of its process."""


class Measured:
    """A running process. Its numbers stay readable until it is waited for."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log

    def cpu_seconds(self) -> float:
        """User and system time of all its threads so far."""
        after_name = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / _TICKS

    def resident_bytes(self) -> int:
        """Memory that it holds now."""
        return self._status("VmRSS")

    def peak_bytes(self) -> int:
        """The most memory that it ever held."""
        return self._status("VmHWM")

    def check(self, doing: str) -> None:
        """Raise Failed if it has ended, saying what it was `doing`."""
        if (code := self.process.poll()) is not None:
            raise Failed(f"{doing}: the process ended with exit code {code}\n{self.end_of_log()}")

    def end_of_log(self) -> str:
        """The last lines that it wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def _status(self, name: str) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
        raise Failed(f"process {self.process.pid} has no {name}: it has ended\n{self.end_of_log()}")


@contextmanager
def running(command: Sequence[str], log: Path, *, output: Path | None = None) -> Iterator[Measured]:
    """`command`, from the root of the repository; ended for certain when the block is left.

    What it writes goes to `log`, its standard output to `output` where one is given.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PROMISES_")}
    with log.open("ab") as errors, (output or log).open("ab") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=inherited, stdin=subprocess.DEVNULL, stdout=out, stderr=errors
        )
    try:
        yield Measured(process, log)
    finally:
        process.kill()
        process.wait()
