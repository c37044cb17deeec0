"""A unit test that starts a process fails, whichever way it does; an integration test may."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.isolation import ProcessStarted
from tests.support.processes import ForkedProcess

ROOT = Path(__file__).parents[2]
LEAVES_ONE_BEHIND = """
import subprocess
from tests.support.leftovers import adopt_orphans, end_leftovers

if __name__ == "__main__":
    adopt_orphans()
    subprocess.run(["sh", "-c", "sleep 612 &"], check=True)
    print(end_leftovers(1.0), end_leftovers(1.0))
"""


def nothing() -> None:
    """Do nothing: what a process would run that is never started."""


@pytest.mark.parametrize(
    "start",
    [
        lambda: subprocess.Popen(["true"]),
        lambda: subprocess.run(["true"], check=False),
        lambda: os.system("true"),
        lambda: os.posix_spawn("/bin/true", ["true"], {}),
        lambda: ForkedProcess(nothing, [], directory=ROOT, environment={}, log=Path(os.devnull)),
    ],
)
def test_a_unit_test_cannot_start_a_process(start: Callable[[], object]) -> None:
    with pytest.raises(ProcessStarted, match=r"test_a_unit_test_cannot_start_a_process.*pytest\.mark\.integration"):
        start()


@pytest.mark.integration
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt orphans")
def test_a_process_that_is_left_behind_is_named_with_its_test_and_ended() -> None:
    command = [sys.executable, "-c", LEAVES_ONE_BEHIND]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout
    assert "sleep 612 (started by tests/support/test_isolation.py::test_a_process_that_is_left_behind" in said
    assert said.endswith(" []\n")
