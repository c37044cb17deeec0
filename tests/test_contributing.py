"""The diffs in CONTRIBUTING.md apply to the code as it is."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.shared import ROOT

DIFFS = re.findall(r"^```diff\n(.*?)^```", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("diff", DIFFS, ids=lambda diff: re.findall(r"^\+\+\+ b/(\S+)", diff, re.MULTILINE)[0])
def test_a_diff_of_the_page_applies(diff: str) -> None:
    applied = subprocess.run(
        ["git", "apply", "--check", "-"], input=diff, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert applied.returncode == 0, f"{applied.stderr}\nadapt the diff in CONTRIBUTING.md to the code"


def test_the_page_shows_four_changes() -> None:
    assert len(DIFFS) == 4
