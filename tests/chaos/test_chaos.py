"""A deployment that is broken again and again under load: nothing is lost, and nothing is counted or written twice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.chaos.report import describe
from tests.chaos.run import Plan, run
from tests.chaos.schedule import Counts

SEED = int(os.environ.get("PROMISES_SEED", "1"))
FAULTS = Counts(kills=10, rebalances=5, zombies=2, broker_restarts=1)


pytestmark = [pytest.mark.integration, pytest.mark.chaos]


def test_faults_do_not_change_the_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(Plan(SEED, FAULTS, brokers=1, minutes=4, rate=200, patience=8), tmp_path, print)
    with capsys.disabled():
        print(f"\n{describe(result)}")
    assert result.differences == [], describe(result)
