"""The command lines of README.md, and the output that it shows for some of them.

`python -m tests.readme` runs the commands whose output is shown, and writes that output into README.md.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parent.parent
README: Final = ROOT / "README.md"

_BLOCK: Final = re.compile(
    r"^```sh\n(?P<commands>.*?)^```\n(?:```text\n(?P<output>.*?)^```\n)?", re.MULTILINE | re.DOTALL
)
"""A block of commands, and the block after it with the output of the last one."""


class Command(NamedTuple):
    """A command line as it is printed. output: what README.md shows below it, or None."""

    line: str
    output: str | None


def commands(text: str) -> list[Command]:
    """Return all command lines in the order in which a reader runs them."""
    found = []
    for block in _BLOCK.finditer(text):
        *lines, last = block["commands"].replace("\\\n", " ").splitlines()
        found += [*(Command(line, None) for line in lines), Command(last, block["output"])]
    return found


def environment() -> dict[str, str]:
    """Return this process's environment without settings of `promises`, and with the `promises` of this Python."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PROMISES_")}
    return inherited | {"PYTHONUTF8": "1", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def run(line: str, directory: Path, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command line in a shell until it ends."""
    return subprocess.run(
        ["sh", "-c", line],
        cwd=directory,
        env={**settings, "COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def printed(text: str) -> str:
    """Return output as README.md shows it: without spaces at the ends of lines, and without empty lines around it."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n") + "\n"


def main() -> None:
    """Write the output of the commands into README.md."""
    text = README.read_text("utf-8")
    for command in commands(text):
        if command.output is not None:
            output = printed(run(command.line, ROOT, environment()).stdout)
            text = text.replace(f"```text\n{command.output}```\n", f"```text\n{output}```\n")
    README.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
