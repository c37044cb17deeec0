"""Which tests may start processes: those marked `integration`. In all others, starting one is an error.

The marker is put on by tests/conftest.py, which says how. The check is an audit hook: the interpreter reports every
process that is started, whichever library starts it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, Final

_FORKED: Final = "tests.process"
_EVENTS: Final = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", _FORKED})

# A library of Faust, which runs the program `file` when it is imported: imported here, before any test is guarded.
import_module("croniter")


class ProcessStarted(BaseException):
    """A unit test started a process. Not an Exception: code under test must not swallow it."""


class _Guard:
    def __init__(self) -> None:
        self.test = ""

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.test and event in _EVENTS:
            raise ProcessStarted(
                f"{self.test} starts a process ({event}{arguments[:2]}), and is no integration test. Call the code in "
                "this process, or mark it: pytestmark = pytest.mark.integration"
            )


_guard: Final = _Guard()
sys.addaudithook(_guard)


def guard(test: str) -> None:
    """Let `test` start no process from now on; with an empty name, let everybody do so."""
    _guard.test = test


def starting_a_process() -> None:
    """Report that the caller starts a process in a way that the interpreter does not report."""
    sys.audit(_FORKED)
