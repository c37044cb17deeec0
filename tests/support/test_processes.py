"""A forked process looks like one that was started: arguments, environment, streams, signals, and how it ends."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.processes import ForkedProcess

pytestmark = pytest.mark.integration

SECONDS = 20


def started(main: Callable[[], None], directory: Path, *arguments: str) -> ForkedProcess:
    log = directory / "log"
    return ForkedProcess(main, arguments, directory=directory, environment={"GREETING": "hello"}, log=log)


def shows_itself() -> None:
    print(json.dumps([sys.argv[1:], dict(os.environ), str(Path.cwd()), sys.stdin.read()]))
    print("to stderr", file=sys.stderr)


def fails() -> None:
    atexit.register(print, "at exit")
    raise RuntimeError("it fails")


def ends_with_a_code() -> None:
    sys.exit(7)


def waits() -> None:
    print("waiting", flush=True)
    time.sleep(60)


def test_it_has_its_own_arguments_environment_directory_and_streams(tmp_path: Path) -> None:
    assert started(shows_itself, tmp_path, "one", "two").wait(SECONDS) == 0
    shown, error = sorted((tmp_path / "log").read_text("utf-8").splitlines())
    assert json.loads(shown) == [["one", "two"], {"GREETING": "hello"}, str(tmp_path), ""]
    assert error == "to stderr"


def test_it_ends_as_an_interpreter_does(tmp_path: Path) -> None:
    assert started(ends_with_a_code, tmp_path).wait(SECONDS) == 7
    assert started(fails, tmp_path).wait(SECONDS) == 1
    log = (tmp_path / "log").read_text("utf-8")
    assert "RuntimeError: it fails\n" in log
    assert "at exit\n" in log


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 1)]
)
def test_signals_end_it(number: signal.Signals, code: int, tmp_path: Path) -> None:
    process = started(waits, tmp_path)
    while "waiting" not in ((tmp_path / "log").read_text("utf-8") if (tmp_path / "log").exists() else ""):
        time.sleep(0.01)
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    process.send_signal(number)
    assert process.wait(SECONDS) == code
    process.kill()  # it has ended: nothing happens
