"""Instructions of each scenario, counted by valgrind's callgrind: `python -m benchmarks.callgrind` prints them as JSON.

One process runs all scenarios. It calls getppid, which nothing else does, before and after each block of steps that is
counted; at each of these calls callgrind writes how many instructions were executed since the call before. So neither
start-up nor preparation counts. The seed of hashes and the environment are the same in every run, and the cyclic
garbage collector is off. Of the blocks of a scenario the cheapest and the dearest fifth are left out: what remains does
not depend on when the heap or a table grew.

The program counts the tree in whose folder it runs, whichever build that holds. The command and its output stay as they
are, because later commits run it to count this one.
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
"""The function of libc at which callgrind writes a part: os.getppid calls it and does nothing else."""

JUDGING: Final = "streams.judging.settle"
"""A module that is compiled where any is."""

TRIMMED: Final = 0.2
"""The share of the blocks that is left out on either side."""

Build = Literal["plain", "compiled"]

_TOTALS: Final = re.compile(r"^totals: (\d+)", re.MULTILINE)


class Counts(msgspec.Struct):
    """The output of the command. instructions: of one event of each scenario, by name."""

    build: Build
    instructions: dict[str, float]


class CannotCount(Exception):
    """Nothing could be counted; the message says why and what to do."""


def check_valgrind() -> None:
    """Raise CannotCount where valgrind is not installed."""
    if shutil.which("valgrind") is None:
        raise CannotCount(
            "valgrind is not installed, which counts the instructions; on Debian: apt-get install valgrind"
        )


def count(only: Sequence[str] = ()) -> Counts:
    """Count the scenarios of the tree in the current folder whose names fit one of `only`. Raises CannotCount."""
    check_valgrind()
    command = [sys.executable, "-m", "benchmarks.callgrind", "run", *only]
    _run(command)  # once without valgrind, so that no module is compiled to byte code while it is counted
    with TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        callgrind = ["--tool=callgrind", f"--callgrind-out-file={out}", f"--dump-before={MARKER}"]
        return counts(_run(["valgrind", "-q", *callgrind, *command]), parts(out))


def _run(command: Sequence[str]) -> str:
    # The environment lies on the stack, and where that lies shows in the figures.
    environment = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise CannotCount(f"{' '.join(command)} ended with {ran.returncode}\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def parts(out: Path) -> list[int]:
    """Return the instructions in the files out.1, out.2 and so on, each of which ends at a marker."""
    files = sorted(out.parent.glob(f"{out.name}.*"), key=lambda file: int(file.suffix[1:]))
    return [int(total[1]) for file in files if (total := _TOTALS.search(file.read_text("utf-8")))]


def counts(ran: str, instructions: Sequence[int]) -> Counts:
    """Make the counts from what the counted process wrote and from callgrind's parts.

    The first part of a scenario is its preparation, each further one a block.
    """
    build, *lines = ran.splitlines()
    scenarios: dict[str, list[int]] = dict(map(json.loads, lines))
    expected = sum(len(blocks) + 1 for blocks in scenarios.values())
    if len(instructions) != expected:
        raise CannotCount(
            f"callgrind wrote {len(instructions)} parts instead of {expected}: it does not see each call of {MARKER}"
        )
    rest = iter(instructions)
    per_event = {}
    for name, blocks in scenarios.items():
        next(rest)
        per_event[name] = trimmed_mean([next(rest) / units for units in blocks])
    return msgspec.convert({"build": build, "instructions": per_event}, Counts)


def trimmed_mean(values: Sequence[float]) -> float:
    """Return the mean of `values` without the least and the greatest fifth of them."""
    left_out = int(len(values) * TRIMMED)
    middle = sorted(values)[left_out : len(values) - left_out]
    return sum(middle) / len(middle)


def run(only: Sequence[str]) -> Iterator[str]:
    """Run the scenarios in this process; say which build it is, and how many events each block of a scenario has."""
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
    """Return those of `names` that fit one of the patterns in `only`, such as feed/*; all where there are none."""
    return [name for name in names if not only or any(fnmatch(name, pattern) for pattern in only)]


def build() -> Build:
    """Return which build of the core this process imports."""
    return "plain" if str(import_module(JUDGING).__file__).endswith(".py") else "compiled"


def main(arguments: Sequence[str]) -> None:
    """Print the counts as JSON. With `run` before the patterns: run the scenarios, to be counted from outside."""
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
