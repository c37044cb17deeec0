"""Processes of Python that start at once: forked from a server that has imported everything they need.

A new interpreter spends more than a second of processor time on imports before a worker does anything. The server
imports once; each process is then a fork of it, with its own environment, working directory, signal handlers and
standard streams. It has a process id, can be stopped, killed and waited for, and ends when this process is gone.
"""

from __future__ import annotations

import atexit
import ctypes
import io
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import forkserver
from multiprocessing.connection import wait
from pathlib import Path
from typing import ClassVar, Final, NamedTuple, NoReturn

from tests.support.exit_codes import exit_code_of
from tests.support.isolation import starting_a_process

_CONTEXT: Final = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.support.preloaded"])

_PR_SET_PDEATHSIG: Final = 1


_lock: Final = threading.Lock()
"""Held while a process is started or looked at: multiprocessing reads each exit code once, in whichever thread."""


class _Details(NamedTuple):
    arguments: list[str]
    directory: str
    environment: dict[str, str]
    output: str
    errors: str
    ignores_sigint: bool


class ForkedProcess:
    """A running `main`; looks like the part of subprocess.Popen that tests use.

    arguments: sys.argv without the name of the program. environment: all of it. log: receives stdout and stderr.
    errors: receives stderr in its place. ignores_sigint: it is started as a shell starts a background job.
    """

    started: ClassVar[dict[int, str]] = {}
    """By process id, what was started, and by which test."""

    def __init__(
        self,
        main: Callable[[], None],
        arguments: Sequence[str],
        *,
        directory: Path,
        environment: Mapping[str, str],
        log: Path,
        errors: Path | None = None,
        ignores_sigint: bool = False,
    ) -> None:
        starting_a_process()
        for file in (log, errors or log):
            file.touch()
        details = _Details(
            arguments=list(arguments),
            directory=str(directory),
            environment=dict(environment),
            output=str(log),
            errors=str(errors or log),
            ignores_sigint=ignores_sigint,
        )
        # A daemon: multiprocessing would wait for any other at the end of this process.
        self._process = _CONTEXT.Process(target=_run, args=(main, details), daemon=True)
        with _lock:
            self._process.start()
        assert self._process.pid is not None
        self.pid: Final = self._process.pid
        test = os.environ.get("PYTEST_CURRENT_TEST", "an unknown test")
        self.started[self.pid] = f"{self.pid}: {' '.join(arguments)} (started by {test})"

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs; a signal's number is negative."""
        with _lock:
            return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once it has ended. Raises subprocess.TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        wait([self._process.sentinel], timeout)
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(self._process.name, timeout or 0.0)
            wait([self._process.sentinel], 0.05)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


def _run(main: Callable[[], None], details: _Details) -> None:
    """Become the process, and end as an interpreter of its own would."""
    _die_with_the_server()
    _take_over_streams(details.output, details.errors)
    os.chdir(details.directory)
    os.environ.clear()
    os.environ.update(details.environment)
    sys.argv = ["promises", *details.arguments]
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN if details.ignores_sigint else signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    _end(exit_code_of(main, reported=BaseException))


def _die_with_the_server() -> None:
    """Have the kernel end this process with the server, which ends when nobody holds the pipe to it any more."""
    pipe = getattr(forkserver._forkserver, "_forkserver_alive_fd", None)
    if pipe is not None:
        os.close(pipe)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _take_over_streams(output: str, errors: str) -> None:
    for target, (path, flags) in enumerate(
        ((os.devnull, os.O_RDONLY), (output, os.O_WRONLY | os.O_APPEND), (errors, os.O_WRONLY | os.O_APPEND))
    ):
        source = os.open(path, flags)
        os.dup2(source, target)
        os.close(source)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), encoding="utf-8")
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), encoding="utf-8")
    error = io.BufferedWriter(io.FileIO(2, "w", closefd=False))
    sys.stderr = io.TextIOWrapper(error, encoding="utf-8", errors="backslashreplace", line_buffering=True)


def _end(code: int) -> NoReturn:
    """End as the interpreter does; not as multiprocessing does, which leaves atexit out."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)
