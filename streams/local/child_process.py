"""Child processes that never outlive the process that started them.

A supervisor runs between the two: this file, run as a program. It starts the command and reads a pipe from its owner. A
byte tells it to stop the command. The end of the pipe means that the owner is gone, even after kill -9. Then the
supervisor stops the command and removes its scratch directory.

Linux can send a signal to a process whose parent died (PR_SET_PDEATHSIG), without a supervisor. But this depends on the
parent's *thread*: a broker started in a worker thread would die with that thread. It also needs code between fork and
exec, which may deadlock if there are threads, and other systems do not have it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

TERMINATION_SECONDS = 10.0
"""Seconds between SIGTERM and SIGKILL."""

_STOP = b"s"
_KILL = b"k"
_PIPE_CLOSED = b""


class ChildProcess:
    """A running command, as its owner sees it.

    log: receives the output of the command. scratch: a directory that is removed if the owner dies before it stops the
    command; otherwise the owner removes it.
    """

    def __init__(self, command: Sequence[str], *, log: Path, scratch: Path | None = None) -> None:
        # -I and -S: neither the caller's environment nor its packages can affect the supervisor.
        supervisor = [sys.executable, "-I", "-S", __file__, str(scratch or ""), *command]
        with log.open("ab") as output:
            # A session of its own: Ctrl-C in the terminal reaches only the owner, which then stops things in order.
            self._process = subprocess.Popen(
                supervisor, stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=True
            )

    @property
    def exit_code(self) -> int | None:
        """None while the command runs; 128 + signal if a signal ended it."""
        return self._process.poll()

    def end(self, *, at_once: bool = False) -> None:
        """Stop the command without waiting: SIGTERM, and SIGKILL 10 seconds later, or SIGKILL `at_once`."""
        pipe = self._process.stdin
        if pipe is None or pipe.closed:
            return
        with contextlib.suppress(BrokenPipeError):  # the command and its supervisor have ended already
            os.write(pipe.fileno(), _KILL if at_once else _STOP)
        pipe.close()

    def wait(self) -> None:
        """Wait until a stopped command has ended."""
        try:
            self._process.wait(timeout=TERMINATION_SECONDS + 5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def supervise(command: Sequence[str], scratch: Path | None) -> int:
    """Run `command` until it ends, is stopped, or its owner is gone; return its exit code."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    # After the start, because the command would inherit it. A signal to the whole process group is for the command.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    orphaned = threading.Event()
    threading.Thread(target=_stop_on_request, args=(child, orphaned), daemon=True).start()
    code = child.wait()
    if orphaned.is_set() and scratch is not None:
        shutil.rmtree(scratch, ignore_errors=True)
    return code if code >= 0 else 128 - code


def _stop_on_request(child: subprocess.Popen[bytes], orphaned: threading.Event) -> None:
    # os.read, because a thread that holds the lock of sys.stdin aborts the interpreter at its exit.
    request = os.read(0, 1)
    if request == _PIPE_CLOSED:
        orphaned.set()
    if request != _KILL:
        child.terminate()
        time.sleep(TERMINATION_SECONDS)
    child.kill()


def main(arguments: Sequence[str]) -> int:
    scratch, *command = arguments
    return supervise(command, Path(scratch) if scratch else None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
