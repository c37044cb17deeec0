"""`python -m benchmarks.callgrind`: counts the instructions of each scenario with valgrind and prints them as JSON.

One process runs all scenarios. It calls getppid, which nothing else does, before and after each block of counted
steps. At each call callgrind writes the number of instructions since the previous call, so start-up and preparation are
not counted. The hash seed and the environment are fixed, and the cyclic garbage collector is off. The cheapest and the
most expensive fifth of the blocks are left out, because a block in which the heap or a table grows is not typical.

The program counts the source tree or the compiled build in the current folder. The command and its output must not
change: later commits run the program of this commit to count it.
"""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

import msgspec

MARKER: Final = "getppid"
"""The function of libc at which callgrind writes a file. os.getppid calls it and does nothing else."""

JUDGING: Final = "streams.judging.settle"
"""A module that every compiled build compiles."""

TRIMMED: Final = 0.2
"""The share of the blocks that is left out at either end."""

Build = Literal["plain", "compiled"]

_TOTALS: Final = re.compile(r"^totals: (\d+)", re.MULTILINE)


class Counts(msgspec.Struct):
    """The output of the command. instructions: per event, by scenario."""

    build: Build
    instructions: dict[str, float]


class CannotCount(Exception):
    """Raised if nothing can be counted. The message gives the reason and the remedy."""


def check_valgrind() -> None:
    """Raise CannotCount if valgrind is not installed."""
    if shutil.which("valgrind") is None:
        raise CannotCount(
            "valgrind, which counts the instructions, is not installed; on Debian: apt-get install valgrind"
        )


def count(only: Sequence[str] = ()) -> Counts:
    """Count the scenarios whose names match one of the patterns `only`, or all. Raises CannotCount."""
    check_valgrind()
    command = [sys.executable, "-m", "benchmarks.callgrind", "run", *only]
    _run(command)  # without valgrind first: compiling modules to byte code would change the layout of the heap
    with TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        callgrind = ["--tool=callgrind", f"--callgrind-out-file={out}", f"--dump-before={MARKER}"]
        return counts(_run(["valgrind", "-q", *callgrind, *command]), parts(out))


def _run(command: Sequence[str]) -> str:
    # The size of the environment moves the stack, which changes some figures. So it is fixed.
    environment = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise CannotCount(f"{' '.join(command)} failed with status {ran.returncode}\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def parts(out: Path) -> list[int]:
    """Return the totals of the files out.1, out.2 and so on; each was written at a call of the marker."""
    files = sorted(out.parent.glob(f"{out.name}.*"), key=lambda file: int(file.suffix[1:]))
    return [int(total[1]) for file in files if (total := _TOTALS.search(file.read_text("utf-8")))]


def counts(ran: str, instructions: Sequence[int]) -> Counts:
    """Combine the output of `run` with the totals of callgrind's files.

    The first file of a scenario is its preparation; each further one is a block.
    """
    build, *lines = ran.splitlines()
    scenarios: dict[str, list[int]] = dict(map(json.loads, lines))
    expected = sum(len(blocks) + 1 for blocks in scenarios.values())
    if len(instructions) != expected:
        raise CannotCount(
            f"callgrind wrote {len(instructions)} files instead of {expected}: it does not see every call of {MARKER}"
        )
    rest = iter(instructions)
    per_event = {}
    for name, blocks in scenarios.items():
        next(rest)
        per_event[name] = trimmed_mean([next(rest) / units for units in blocks])
    return msgspec.convert({"build": build, "instructions": per_event}, Counts)


def trimmed_mean(values: Sequence[float]) -> float:
    """Return the mean of `values` without the lowest and the highest fifth."""
    left_out = int(len(values) * TRIMMED)
    middle = sorted(values)[left_out : len(values) - left_out]
    return sum(middle) / len(middle)


def run(only: Sequence[str]) -> Iterator[str]:
    """Run the scenarios in this process. Yield the build, then each scenario with the number of events per block."""
    from benchmarks.scenarios import SCENARIOS

    gc.disable()
    yield build()
    for name in chosen(SCENARIOS, only):
        scenario = SCENARIOS[name]()
        step, blocks = scenario.step, scenario.blocks
        for each in scenario.warm_up:
            step(each)
        os.getppid()
        for block in blocks:
            for each in block:
                step(each)
            os.getppid()
        yield json.dumps([name, [len(block) * scenario.each for block in blocks]])


def chosen(names: Iterable[str], only: Sequence[str]) -> list[str]:
    """Return the names that match one of the patterns `only`, such as feed/*; all names if there is no pattern."""
    return [name for name in names if not only or any(fnmatch(name, pattern) for pattern in only)]


def build() -> Build:
    """Return the build of the core that this process imports."""
    return "plain" if str(import_module(JUDGING).__file__).endswith(".py") else "compiled"


def main(arguments: Sequence[str]) -> None:
    """Print the counts as JSON. If the first argument is `run`, only run the scenarios: that process is counted."""
    if arguments[:1] == ["run"]:
        for line in run(arguments[1:]):
            print(line)
        return
    try:
        print(msgspec.json.encode(count(arguments)).decode())
    except CannotCount as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main(sys.argv[1:])
