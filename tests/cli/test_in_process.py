"""A command that a test runs in its own process has the exit code and output of a separate process."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.cli.command import promises, promises_interpreter
from tests.cli.event_files import MORNING
from tests.histories import ndjson

NOBODY = "127.0.0.1:9"


@pytest.mark.integration
@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("judge", "--help"),
        ("judge", "-", "--json", "--by", "location"),
        ("judge", "-", "--basis", "both"),
        ("judge", "no-such-file.ndjson"),
        ("judge", "-", "--no-such-option"),
        ("worker", "--bootstrap", NOBODY, "--clock", "wall", "--log", "json"),
    ],
    ids=" ".join,
)
def test_a_command_does_the_same_in_this_process_and_in_one_of_its_own(arguments: tuple[str, ...]) -> None:
    events = ndjson(*MORNING)
    here, there = promises(*arguments, stdin=events), promises_interpreter(*arguments, stdin=events)
    assert here._replace(err=without_time(here.err)) == there._replace(err=without_time(there.err))


def without_time(log: str) -> str:
    """Return the log without the instants at the start of its lines."""
    return "\n".join(line.partition(", ")[2] if line.startswith('{"time"') else line for line in log.splitlines())


def test_a_command_leaves_nothing_changed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    before = state()
    answer = promises("worker", "--bootstrap", NOBODY, "--clock", "wall", "--log", "json", environment={"X": "y"})
    assert answer.code == 2
    assert state() == before


def state() -> tuple[object, ...]:
    """Return the state of the process that a command may change."""
    root = logging.getLogger()
    return (
        *(dict(os.environ), Path.cwd(), [*sys.argv], sys.stdin, sys.stdout, sys.stderr, sys.excepthook),
        *(sys.unraisablehook, sys.getswitchinterval(), signal.getsignal(signal.SIGTERM), [*root.handlers], root.level),
        logging.getLogger("kafka").level,
    )
