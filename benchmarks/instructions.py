"""`make bench-instructions`: instructions an event, by kind of event and by feature, plain and compiled.

With `--against REVISION` that commit is counted too, by its own scenarios, and compared scenario by scenario. The exit
status is 1 if a scenario costs over 3 % more and no commit since then gives the reason, on a line of its message that
begins with `Instructions: `.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import exp, log
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple, get_args
from zipfile import ZipFile

import msgspec

from benchmarks.callgrind import Build, CannotCount, Counts, check_valgrind
from benchmarks.figures import table, whole

LIMIT: Final = 0.03
"""The share by which a scenario may cost more than before."""

ROOT: Final = Path(__file__).parents[1]
BUILDS: Final[tuple[Build, ...]] = get_args(Build)

_NOT_COPIED: Final = shutil.ignore_patterns(".*", "build", "dist", "__pycache__")
_REASON: Final = re.compile(r"^Instructions: *(\S.*)$", re.MULTILINE)

Figures = Mapping[Build, Mapping[str, float]]
"""Instructions an event, by build and scenario."""


class Change(NamedTuple):
    """One scenario of one build. before: None where the other commit does not have it."""

    scenario: str
    build: Build
    before: float | None
    after: float

    @property
    def share(self) -> float:
        """How much more it costs than before, as a share; 0 where it is new."""
        return self.after / self.before - 1 if self.before else 0.0

    def __str__(self) -> str:
        before, after = whole(self.before or 0), whole(self.after)
        return f"{self.scenario}, {self.build}: {after} instructions an event instead of {before}, {self.share:+.1%}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Count, print a table, and compare if asked to. 1: something costs too much. 2: nothing can be counted."""
    asked = _arguments(arguments)
    builds, began = BUILDS[:1] if asked.plain else BUILDS, time.monotonic()
    try:
        check_valgrind()
        base = _commit(asked.against) if asked.against else ""
        with TemporaryDirectory(prefix="promises-instructions-") as scratch:
            trees = _trees(Path(scratch), base)
            figures = [*_count(trees, builds, asked.scenarios), {}][:2]
            compared = changes(*figures)
            if again := {change.scenario for change in dearer(compared)}:
                compared = lower(compared, changes(*_count(trees, builds, sorted(again))))
    except CannotCount as error:
        print(error, file=sys.stderr)
        return 2
    if asked.json:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(figures[0])))
    print(report(compared, asked.against if len(trees) > 1 else ""))
    print(f"({time.monotonic() - began:.0f} s)")
    return _outcome(dearer(compared), asked.against, base)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instructions", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="PATTERN", help="count these scenarios only, such as 'feed/*'")
    parser.add_argument("--against", metavar="REVISION", help="compare with this commit, such as HEAD^")
    parser.add_argument("--plain", action="store_true", help="leave out the compiled build")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    return parser.parse_args(arguments)


def _outcome(too_dear: Sequence[Change], against: str, base: str) -> int:
    """Return the exit status, and print what leads to it."""
    if not too_dear:
        return 0
    print(f"\nMore than {LIMIT:.0%} dearer than {against}:", *too_dear, sep="\n  ")
    given = reasons(_git("log", "--format=%B", f"{base}..HEAD").stdout.decode(errors="replace"))
    if given:
        print(f"The reasons that the commits since {against} give:", *given, sep="\n  ")
        return 0
    print("Make it cheaper, or give the reason on a line of the commit message: Instructions: <reason>")
    return 1


# --- arithmetic and text ---------------------------------------------------------------------------------------------


def changes(after: Figures, before: Figures) -> list[Change]:
    """Return every scenario of every build, with what it cost before."""
    return [
        Change(scenario, build, before.get(build, {}).get(scenario), figure)
        for build, figures in after.items()
        for scenario, figure in figures.items()
    ]


def dearer(compared: Iterable[Change]) -> list[Change]:
    """Return what costs more than the limit allows, the worst first."""
    return sorted((change for change in compared if change.share > LIMIT), key=lambda change: -change.share)


def lower(first: Sequence[Change], second: Sequence[Change]) -> list[Change]:
    """Return the changes of `first`, where `second` counted one again the smaller of the two.

    Which lookups collide in the interpreter's caches depends on where objects lie. A scenario that is counted by itself
    has them lie elsewhere, so what is dearer both times is so for a better reason.
    """
    again = {(change.scenario, change.build): change for change in second}
    return [min(change, again.get(change[:2], change), key=lambda change: change.share) for change in first]


def reasons(messages: str) -> list[str]:
    """Return the reasons that commit messages give for a higher cost."""
    return _REASON.findall(messages)


def report(compared: Sequence[Change], against: str = "") -> str:
    """Return the table of all scenarios; `against`: what they are compared with, if anything."""
    by_name: dict[str, dict[Build, Change]] = {}
    for change in compared:
        by_name.setdefault(change.scenario, {})[change.build] = change
    builds = list(dict.fromkeys(change.build for change in compared))
    head = [cell for build in builds for cell in ([build, f"since {against}"] if against else [build])]
    rows = [
        [name, *(cell for build in builds for cell in _cells(of_build[build], bool(against)))]
        for name, of_build in by_name.items()
    ]
    means = [_mean(build, compared) for build in builds] if against else []
    return "\n".join([table(["instructions an event", *head], rows), *means])


def _cells(change: Change, with_share: bool) -> list[str]:
    share = [f"{change.share:+.1%}" if change.before else "new"]
    return [whole(change.after), *(share if with_share else [])]


def _mean(build: Build, compared: Iterable[Change]) -> str:
    ratios = [1 + change.share for change in compared if change.build == build and change.before]
    mean = exp(sum(map(log, ratios)) / max(1, len(ratios)))
    return f"{build}: {mean - 1:+.2%}, the geometric mean of {len(ratios)} scenarios"


# --- trees -----------------------------------------------------------------------------------------------------------


def _trees(scratch: Path, base: str) -> list[Path]:
    """Copy the working tree, and the commit to compare with if there is one: nothing is built where somebody works."""
    head = scratch / "head"
    shutil.copytree(ROOT, head, ignore=_NOT_COPIED)
    if not base:
        return [head]
    tree = scratch / "base"
    tree.mkdir()
    archive = _git("archive", "--format=tar", base)
    subprocess.run(["tar", "-x", "-C", str(tree)], input=archive.stdout, check=True)
    if (tree / "benchmarks" / "callgrind.py").exists():
        return [head, tree]
    print(f"Nothing is compared: {base} has no benchmarks/callgrind.py yet, by which it would be counted.")
    return [head]


def _commit(revision: str) -> str:
    """Return the id of a commit; empty where this clone does not have it."""
    found = _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}") if shutil.which("git") else None
    if found is None or found.returncode:
        print(
            f"Nothing is compared: there is no commit {revision} here. A shallow clone lacks it: git fetch --unshallow"
        )
        return ""
    return found.stdout.decode().strip()


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)


def _count(trees: Sequence[Path], builds: Sequence[Build], scenarios: Sequence[str]) -> list[Figures]:
    """Count all builds of all trees, two at a time. Raises CannotCount where the first tree cannot be counted."""
    with ThreadPoolExecutor(2) as pool:
        # The compiled builds take longest, so they come first.
        jobs = {
            (build, tree): pool.submit(_counted, tree, build, scenarios) for build in builds[::-1] for tree in trees
        }
        head = {build: jobs[build, trees[0]].result() for build in builds}
        if not any(head.values()):
            raise CannotCount(f"no scenario fits {', '.join(scenarios)}; benchmarks/scenarios.py lists them")
        try:
            return [head, *({build: jobs[build, tree].result() for build in builds} for tree in trees[1:])]
        except CannotCount as error:
            print(f"Nothing is compared: the other commit does not run with what is installed here: {error}")
            return [head]


def _counted(tree: Path, build: Build, scenarios: Sequence[str]) -> Mapping[str, float]:
    """Return the instructions of one build of a tree, counted by the tree's own program. Raises CannotCount."""
    folder = tree if build == "plain" else _compiled(tree)
    counts = msgspec.json.decode(_python(folder, "-m", "benchmarks.callgrind", *scenarios), type=Counts)
    if counts.build != build:
        raise CannotCount(f"{folder} should hold the {build} build and holds the {counts.build} one")
    return counts.instructions


def _compiled(tree: Path) -> Path:
    """Build the wheel as `make compiled` does; return the folder where it is unpacked, with the benchmarks."""
    folder, wheels = tree.with_name(f"{tree.name}-compiled"), tree.with_name(f"{tree.name}-wheel")
    if not folder.exists():
        _python(tree, *f"-m pip wheel --quiet --no-deps --wheel-dir {wheels} .".split(), PROMISES_COMPILE="1")
        [wheel] = wheels.glob("promises-*.whl")
        ZipFile(wheel).extractall(folder)
        shutil.copytree(tree / "benchmarks", folder / "benchmarks", ignore=_NOT_COPIED)
    return folder


def _python(folder: Path, *arguments: str, **environment: str) -> bytes:
    """Run Python in a folder, from which it then imports. Raises CannotCount."""
    command = [sys.executable, *arguments]
    ran = subprocess.run(command, cwd=folder, env=os.environ | environment, capture_output=True, check=False)
    if ran.returncode:
        raise CannotCount(f"{' '.join(command)}: {ran.stderr.decode(errors='replace').strip()}")
    return ran.stdout


if __name__ == "__main__":
    sys.exit(main())
