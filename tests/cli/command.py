"""Runs `promises` as its users do: a process of its own, with its exit code and both of its streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
LOG_ADAPTER = ROOT / "examples" / "promise-log.toml"
LOG_POLICIES = ROOT / "examples" / "promise-log-policies.toml"

_TERMINAL = {"COLUMNS", "FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS", "GITHUB_ACTIONS", "TTY_COMPATIBLE"}
"""What would make the command believe that it writes to a terminal of some width."""


class CommandResult(NamedTuple):
    """What a command said. code: its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object on stdout, which holds nothing else."""
        assert self.out, f"nothing on stdout, exit code {self.code}"
        document: dict[str, Any] = json.loads(self.out)
        return document


def promises(*arguments: str | Path, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> CommandResult:
    """`promises ARGUMENTS`, with nothing of the caller's settings but `environment`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PROMISES_")}
    kept = {name: value for name, value in inherited.items() if name not in _TERMINAL}
    ended = subprocess.run(
        [sys.executable, "-m", "streams.cli", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        cwd=ROOT,
        env=kept | {"PYTHONUTF8": "1"} | dict(environment or {}),
        timeout=120,
        check=False,
    )
    return CommandResult(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def report(*arguments: str | Path, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The document of a `promises ... --json` that must end well."""
    answer = promises(*arguments, "--json", stdin=stdin, environment=environment)
    assert (answer.code, answer.err) == (0, ""), answer.err
    return answer.document
