"""Planted mistakes: does a test notice each? Run as `python -m tests.mutants` (some of them: add words of their names).

Every mutant is a small plausible mistake in one function, made in a copy of the tree; the tests of the judging and of
the state run on the copy and have to fail. A fault that has no place in the code any more is an error: the list has to
follow the code.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Final

from tests.mutants.faults import FAULTS
from tests.mutants.feed_faults import FEED_FAULTS
from tests.mutants.planting import Mutant, planted
from tests.mutants.snapshot_faults import SNAPSHOT_FAULTS

ROOT: Final = Path(__file__).parents[2]
MUTANTS: Final = (*FAULTS, *FEED_FAULTS, *SNAPSHOT_FAULTS)
_COPIED: Final = ("examples", "schemas", "streams", "tests", "pyproject.toml")
_FOLDERS: Final = ("tests/judging", "tests/state")
_LEFT_OUT: Final = ("test_generated.py",)
"""Test modules that are not run: a mutant does not change the quality of the generated histories."""


_SETTINGS: Final = {"MUTANT": "1", "CI": "1", "PYTHONDONTWRITEBYTECODE": "1"}
"""No bytecode: Python tells a changed module by size and second, which a mutant may share with the original."""


def noticed_by(mutant: Mutant, tree: Path) -> str:
    """The first test that fails with the mistake in `tree`, which is left as it was; empty if none does."""
    module = tree / mutant.path
    sound = module.read_text("utf-8")
    module.write_text(planted(mutant, tree), "utf-8")
    try:
        return _run_tests(tree)
    finally:
        module.write_text(sound, "utf-8")


def _run_tests(tree: Path) -> str:
    """The first test that fails: of the stories, which are quick, or else of the random histories."""
    files = [path for folder in _FOLDERS for path in (tree / folder).glob("test_*.py") if path.name not in _LEFT_OUT]
    ordered = sorted(files, key=lambda path: ("test_any" in path.name, path))
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *ordered],
        cwd=tree, env=os.environ | _SETTINGS, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if found.returncode not in (0, 1):
        raise RuntimeError(f"the tests did not run (exit {found.returncode}):\n{found.stdout}\n{found.stderr}")
    failed = [line for line in found.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].split(" - ")[0] if found.returncode else ""


def hunt(mutants: Iterable[Mutant], tree: Path) -> Iterator[tuple[Mutant, str, float]]:
    """Each mutant with the test that noticed it in `tree` and the seconds that took."""
    for mutant in mutants:
        begun = monotonic()
        test = noticed_by(mutant, tree)
        yield mutant, test, monotonic() - begun


def copy_tree(tree: Path) -> None:
    """Copy all that the tests need to `tree`, so that the original may be edited meanwhile."""
    for name in _COPIED:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tree / name)


def main(words: Iterable[str]) -> int:
    """Hunt the mutants with any of `words` in their names, or all; 1 if any survived."""
    wanted = list(words)
    chosen = [
        mutant
        for mutant in (*FAULTS, *FEED_FAULTS, *SNAPSHOT_FAULTS)
        if not wanted or any(word in mutant.name for word in wanted)
    ]
    survivors = 0
    with TemporaryDirectory() as place:
        tree = Path(place)
        copy_tree(tree)
        for mutant in chosen:
            planted(mutant, tree)
        failing = _run_tests(tree)
        if failing:
            raise SystemExit(f"the tests have to pass before they can notice a mistake; {failing}")
        for mutant, test, seconds in hunt(chosen, tree):
            survivors += not test
            print(f"{'died' if test else 'SURVIVED':8} {seconds:5.1f} s  {mutant.name}  {test}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} died")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
