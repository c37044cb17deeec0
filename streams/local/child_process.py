"""Runs a command that must not outlive the process which asked for it.

Between the two stands a keeper: this file, run as a program. It starts the command and reads a pipe from its owner. A
byte tells it to end the command. The end of the pipe says that the owner is gone, whatever ended it, kill -9 included:
then the command is ended too and its scratch directory removed.

Linux can send a signal to a process whose parent died (PR_SET_PDEATHSIG), which would need no keeper. But it goes by
the parent's *thread*: a broker started in a worker thread would die with that thread. It also needs code between fork
and exec, which may deadlock where threads run, and other systems lack it.
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

PATIENCE_S = 10.0
"""Seconds between asking a command to end (SIGTERM) and ending it (SIGKILL)."""

_STOP = b"s"
_KILL = b"k"
_GONE = b""


class ChildProcess:
    """A running command; the owner's side.

    `log` receives what the command prints. `scratch`, a directory, is removed when the owner dies before it stopped the
    command; who stops it in good order decides about the directory himself.
    """

    def __init__(self, command: Sequence[str], *, log: Path, scratch: Path | None = None) -> None:
        # -I and -S: neither the caller's environment nor its packages can change what the keeper does.
        keeper = [sys.executable, "-I", "-S", __file__, str(scratch or ""), *command]
        with log.open("ab") as output:
            # A session of its own: Ctrl-C in the terminal reaches the owner alone, who then ends things in order.
            self._process = subprocess.Popen(
                keeper, stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=True
            )

    @property
    def exit_code(self) -> int | None:
        """None while the command runs; 128 + signal when a signal ended it."""
        return self._process.poll()

    def end(self, *, at_once: bool = False) -> None:
        """Have the command ended, by SIGTERM and 10 seconds later SIGKILL, or by SIGKILL `at_once`; do not wait."""
        pipe = self._process.stdin
        if pipe is None or pipe.closed:
            return
        with contextlib.suppress(BrokenPipeError):  # the command has ended by itself, and its keeper with it
            os.write(pipe.fileno(), _KILL if at_once else _STOP)
        pipe.close()

    def wait(self) -> None:
        """Return when the command, told to end, has ended."""
        try:
            self._process.wait(timeout=PATIENCE_S + 5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def keep(command: Sequence[str], scratch: Path | None) -> int:
    """Run `command` until it ends, is stopped, or its owner is gone; returns its exit code. The keeper's side."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    # After the start, since the command would inherit it. Who signals the whole group means the command: wait for it.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    orphaned = threading.Event()
    threading.Thread(target=_obey, args=(child, orphaned), daemon=True).start()
    code = child.wait()
    if orphaned.is_set() and scratch is not None:
        shutil.rmtree(scratch, ignore_errors=True)
    return code if code >= 0 else 128 - code


def _obey(child: subprocess.Popen[bytes], orphaned: threading.Event) -> None:
    # os.read, since a thread that sits in sys.stdin's lock aborts the interpreter at its exit.
    order = os.read(0, 1)
    if order == _GONE:
        orphaned.set()
    if order != _KILL:
        child.terminate()
        time.sleep(PATIENCE_S)
    child.kill()


def main(arguments: Sequence[str]) -> int:
    scratch, *command = arguments
    return keep(command, Path(scratch) if scratch else None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
