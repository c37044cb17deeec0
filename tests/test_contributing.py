"""The diffs in CONTRIBUTING.md apply to the code as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.shared import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
DIFFS = re.findall(r"^```diff\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
FILES = [
    file for diff in DIFFS for file in re.findall(r"^--- (\S+)\n\+\+\+ b/(\S+)\n(.*?)(?=^--- |\Z)", diff, re.S | re.M)
]


def old_texts(diff: str) -> Iterator[str]:
    """Yield the lines that each hunk of a diff expects in the file."""
    for hunk in re.split(r"^@@.*\n", diff, flags=re.MULTILINE)[1:]:
        yield "".join(line[1:] for line in hunk.splitlines(keepends=True) if line[:1] in " -")


@pytest.mark.parametrize(("before", "name", "diff"), FILES, ids=[name for _, name, _ in FILES])
def test_a_diff_of_the_page_applies(before: str, name: str, diff: str) -> None:
    if before == "/dev/null":
        assert not (ROOT / name).exists()
        return
    text = (ROOT / name).read_text("utf-8")
    for old in old_texts(diff):
        assert text.count(old) == 1, f"{name} does not have these lines once; adapt CONTRIBUTING.md:\n{old}"


def test_the_page_shows_how_to_add_a_metric_a_policy_key_a_vendor_and_an_alert() -> None:
    assert len(DIFFS) == 4
    assert len(FILES) == 3 + 2 + 2 + 2
