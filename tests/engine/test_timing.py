"""The numbers of the engine are passed to what needs them; importing it changes nothing elsewhere."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError

import pytest

from streams.engine.timing import TIMING

IMPORTS = """
from aiokafka.producer import sender
before = sender.BACKOFF_OVERRIDE
import streams.intake.app, streams.worker.app
assert sender.BACKOFF_OVERRIDE == before
"""


def test_the_numbers_of_production_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        TIMING.lost_seconds = 0.0  # type: ignore[misc]


@pytest.mark.integration
def test_importing_the_engine_does_not_change_aiokafka() -> None:
    process = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, timeout=60, check=False)
    assert (process.returncode, process.stderr) == (0, b"")
