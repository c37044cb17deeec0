"""`make bench-instructions`: instructions per event, by kind of event and by feature, plain and compiled.

With `--against REVISION` the program of that commit counts that commit, and the figures of each scenario are compared.
The exit status is 1 if a scenario executes over 3 % more instructions, unless a commit since REVISION gives the reason
on a line of its message that begins with `Instructions: `.
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
"""The increase that is still accepted, as a share."""

ROOT: Final = Path(__file__).parents[1]
BUILDS: Final[tuple[Build, ...]] = get_args(Build)

_NOT_COPIED: Final = shutil.ignore_patterns(".git", ".venv*", ".hypothesis", "*_cache", "build", "dist", "__pycache__")
_REASON: Final = re.compile(r"^Instructions: *(\S.*)$", re.MULTILINE)

Figures = Mapping[Build, Mapping[str, float]]
"""Instructions per event, by build and scenario."""


class Change(NamedTuple):
    """The figures of one scenario in one build. before: None if the other commit does not have the scenario."""

    scenario: str
    build: Build
    before: float | None
    after: float

    @property
    def share(self) -> float:
        """The increase as a share; 0 for a new scenario."""
        return self.after / self.before - 1 if self.before else 0.0

    def __str__(self) -> str:
        before, after = whole(self.before or 0), whole(self.after)
        return f"{self.scenario}, {self.build}: {after} instructions per event instead of {before}, {self.share:+.1%}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Count, compare if requested, and print a table. Return 1 after a regression, 2 if nothing can be counted."""
    asked = _arguments(arguments)
    builds, began = BUILDS[:1] if asked.plain else BUILDS, time.monotonic()
    try:
        check_valgrind()
        base = _commit(asked.against) if asked.against else ""
        with TemporaryDirectory(prefix="promises-instructions-") as scratch:
            trees = _trees(Path(scratch), base)
            head, before = _count(trees, builds, asked.scenarios)
            compared = changes(head, before)
            if again := {change.scenario for change in regressions(compared)}:
                compared = smaller_changes(compared, changes(*_count(trees, builds, sorted(again))))
    except CannotCount as error:
        print(error, file=sys.stderr)
        return 2
    if asked.json:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(head)))
    print(report(compared, asked.against if any(change.before for change in compared) else ""))
    print(f"({time.monotonic() - began:.0f} s)")
    return _exit_status(regressions(compared), asked.against, base)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instructions", description=__doc__)
    parser.add_argument(
        "scenarios", nargs="*", metavar="PATTERN", help="scenarios to count, such as 'feed/*' (default: all)"
    )
    parser.add_argument("--against", metavar="REVISION", help="compare with this commit, such as HEAD^")
    parser.add_argument("--plain", action="store_true", help="skip the compiled build")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    return parser.parse_args(arguments)


def _exit_status(regressed: Sequence[Change], against: str, base: str) -> int:
    """Print the regressions with the reasons that commits give for them, and return the exit status."""
    if not regressed:
        return 0
    print(f"\nOver {LIMIT:.0%} more than {against}:", *regressed, sep="\n  ")
    explained = reasons(_git("log", "--format=%B", f"{base}..HEAD").stdout.decode(errors="replace"))
    if explained:
        print(f"Reasons given by the commits since {against}:", *explained, sep="\n  ")
        return 0
    print("Reduce the cost, or give the reason on a line of the commit message: Instructions: <reason>")
    return 1


# --- arithmetic and text ---------------------------------------------------------------------------------------------


def changes(after: Figures, before: Figures) -> list[Change]:
    """Return the figures of every scenario in every build, each with the figure before."""
    return [
        Change(scenario, build, before.get(build, {}).get(scenario), figure)
        for build, figures in after.items()
        for scenario, figure in figures.items()
    ]


def regressions(compared: Iterable[Change]) -> list[Change]:
    """Return the changes above the limit, the largest first."""
    return sorted((change for change in compared if change.share > LIMIT), key=lambda change: -change.share)


def smaller_changes(first: Sequence[Change], second: Sequence[Change]) -> list[Change]:
    """Return the changes of `first`, each replaced by the same scenario's change in `second` if that is smaller.

    Collisions in the interpreter's type cache depend on the addresses of objects. The second count runs fewer
    scenarios, so the addresses are different, and only a real regression shows in both.
    """
    again = {(change.scenario, change.build): change for change in second}
    return [min(change, again.get(change[:2], change), key=lambda change: change.share) for change in first]


def reasons(messages: str) -> list[str]:
    """Return the reasons for an increase that commit messages give."""
    return _REASON.findall(messages)


def report(compared: Sequence[Change], against: str = "") -> str:
    """Return the table of all scenarios, with their changes since `against` if that is given."""
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
    return "\n".join([table(["instructions per event", *head], rows), *means])


def _cells(change: Change, with_share: bool) -> list[str]:
    share = [f"{change.share:+.1%}" if change.before else "new"]
    return [whole(change.after), *(share if with_share else [])]


def _mean(build: Build, compared: Iterable[Change]) -> str:
    ratios = [1 + change.share for change in compared if change.build == build and change.before]
    mean = exp(sum(map(log, ratios)) / max(1, len(ratios)))
    return f"{build}: {mean - 1:+.2%}, the geometric mean of {len(ratios)} scenarios"


# --- trees -----------------------------------------------------------------------------------------------------------


def _trees(scratch: Path, base: str) -> list[Path]:
    """Copy the working tree, and the files of commit `base` if there is one, into folders of `scratch`."""
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
    print(f"No comparison: commit {base} has no benchmarks/callgrind.py, which would count it.")
    return [head]


def _commit(revision: str) -> str:
    """Return the id of a commit, or an empty text if this clone does not have it."""
    parsed = _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}") if shutil.which("git") else None
    if parsed is None or parsed.returncode:
        print(f"No comparison: this clone has no commit {revision}. If the clone is shallow: git fetch --unshallow")
        return ""
    return parsed.stdout.decode().strip()


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)


def _count(trees: Sequence[Path], builds: Sequence[Build], scenarios: Sequence[str]) -> tuple[Figures, Figures]:
    """Count all builds of all trees, two at a time; return the figures of the first tree and those of the second.

    Raises CannotCount if the first tree cannot be counted. The second may be missing or fail: it then has no figures.
    """
    with ThreadPoolExecutor(2) as pool:
        # The compiled builds take longest, so they come first.
        jobs = {
            (build, tree): pool.submit(_counted, tree, build, scenarios) for build in builds[::-1] for tree in trees
        }
        head = {build: jobs[build, trees[0]].result() for build in builds}
        if not any(head.values()):
            raise CannotCount(f"no scenario matches {', '.join(scenarios)}; benchmarks/scenarios.py lists all of them")
        try:
            return head, {build: jobs[build, tree].result() for tree in trees[1:] for build in builds}
        except CannotCount as error:
            print(f"No comparison: the other commit fails with the packages that are installed here: {error}")
            return head, {}


def _counted(tree: Path, build: Build, scenarios: Sequence[str]) -> Mapping[str, float]:
    """Run the program of a tree to count one build of it; return the instructions. Raises CannotCount."""
    folder = tree if build == "plain" else _compiled(tree)
    counts = msgspec.json.decode(_python(folder, "-m", "benchmarks.callgrind", *scenarios), type=Counts)
    if counts.build != build:
        raise CannotCount(f"{folder} should contain the {build} build, but contains the {counts.build} one")
    return counts.instructions


def _compiled(tree: Path) -> Path:
    """Build the wheel as `make compiled` does, unpack it beside the tree, and return the folder."""
    folder, wheels = tree.with_name(f"{tree.name}-compiled"), tree.with_name(f"{tree.name}-wheel")
    if not folder.exists():
        _python(tree, *f"-m pip wheel --quiet --no-deps --wheel-dir {wheels} .".split(), PROMISES_COMPILE="1")
        [wheel] = wheels.glob("promises-*.whl")
        ZipFile(wheel).extractall(folder)
        shutil.copytree(tree / "benchmarks", folder / "benchmarks", ignore=_NOT_COPIED)
    return folder


def _python(folder: Path, *arguments: str, **environment: str) -> bytes:
    """Run Python in a folder, so that it imports from there. Raises CannotCount."""
    command = [sys.executable, *arguments]
    ran = subprocess.run(command, cwd=folder, env=os.environ | environment, capture_output=True, check=False)
    if ran.returncode:
        raise CannotCount(f"{' '.join(command)}: {ran.stderr.decode(errors='replace').strip()}")
    return ran.stdout


if __name__ == "__main__":
    sys.exit(main())
