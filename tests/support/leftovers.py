"""Processes that tests leave behind: found, named and ended when a process of pytest has run its tests. Linux only."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from contextlib import suppress
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from typing import Final, NamedTuple

from tests.support.processes import ForkedProcess

_PROCESSES: Final = Path("/proc")
_PR_SET_CHILD_SUBREAPER: Final = 36


class _Process(NamedTuple):
    pid: int
    parent: int
    is_zombie: bool


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that none gets out of sight."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_leftovers(seconds: float = 5.0) -> list[str]:
    """End all descendants of this process that still run after `seconds`; return what they are."""
    deadline = time.monotonic() + seconds
    while (left := _descendants()) and time.monotonic() < deadline:
        time.sleep(0.05)
    names = [_name(pid) for pid in left]
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return names


def end_servers() -> None:
    """End the servers of multiprocessing, and wait until they have ended."""
    for server in (forkserver._forkserver, resource_tracker._resource_tracker):
        stop = getattr(server, "_stop", None)  # private, and there since Python 3.9
        if stop is not None:
            stop()


def _descendants() -> list[int]:
    """Return the living descendants, without the servers of multiprocessing, which end with this process."""
    processes = _processes()
    found, parents = [], {os.getpid()}
    while parents:
        children = {process.pid for process in processes if process.parent in parents}
        found += [process.pid for process in processes if process.pid in children and not process.is_zombie]
        parents = children
    return [pid for pid in found if pid not in _servers()]


def _servers() -> set[int | None]:
    return {
        getattr(forkserver._forkserver, "_forkserver_pid", None),
        getattr(resource_tracker._resource_tracker, "_pid", None),
    }


def _processes() -> list[_Process]:
    found = []
    for folder in _PROCESSES.glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            # The name of the program is in parentheses, and may hold anything.
            state, parent = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
            found.append(_Process(int(folder.name), int(parent), state == "Z"))
    return found


def _name(pid: int) -> str:
    """Return the command line of a process, and the test that started it where that can be known."""
    if pid in ForkedProcess.started:
        return ForkedProcess.started[pid]
    command, test = "", ""
    with suppress(OSError):
        command = (_PROCESSES / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        settings = (_PROCESSES / str(pid) / "environ").read_bytes().split(b"\0")
        tests = [setting for setting in settings if setting.startswith(b"PYTEST_CURRENT_TEST=")]
        test = tests[0].partition(b"=")[2].decode(errors="replace") if tests else ""
    return f"{pid}: {command[:300].strip()} (started by {test or 'an unknown test'})"
