"""Runs the command `promises` and returns its exit code and both of its streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from streams.cli.main import main
from tests.support.in_process import Ended, run
from tests.support.processes import ForkedProcess

ROOT = Path(__file__).parents[2]
LOG_ADAPTER = ROOT / "examples" / "promise-log.toml"
LOG_POLICIES = ROOT / "examples" / "promise-log-policies.toml"

_TERMINAL = {"COLUMNS", "FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS", "GITHUB_ACTIONS", "TTY_COMPATIBLE"}
"""The variables that would make the command assume a terminal of some width."""


class CommandResult(NamedTuple):
    """The result of a command. code: its exit code. out, err: its output."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object that is the whole stdout."""
        assert self.out, f"nothing on stdout, exit code {self.code}"
        document: dict[str, Any] = json.loads(self.out)
        return document


def promises(*arguments: str | Path, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> CommandResult:
    """Run `promises ARGUMENTS` in this process, with nothing of the caller's settings but `environment`."""
    settings = _inherited() | {"COLUMNS": "80"} | dict(environment or {})
    return _answer(run([*map(str, arguments)], stdin=stdin, directory=ROOT, environment=settings))


def promises_process(*arguments: str | Path) -> CommandResult:
    """Run `promises ARGUMENTS` in a process of its own: beside other commands, or where it leaves connections open."""
    with TemporaryDirectory(prefix="promises-tests-") as folder:
        output, errors = Path(folder, "stdout"), Path(folder, "stderr")
        settings, words = _inherited() | {"COLUMNS": "80"}, [*map(str, arguments)]
        process = ForkedProcess(main, words, directory=ROOT, environment=settings, log=output, errors=errors)
        try:
            code = process.wait(120)
        finally:
            process.kill()
        return CommandResult(code, output.read_text("utf-8"), errors.read_text("utf-8"))


def promises_interpreter(*arguments: str | Path, stdin: bytes = b"") -> CommandResult:
    """Run `promises ARGUMENTS` in a new interpreter, which takes a second to start."""
    command = [sys.executable, "-m", "streams.cli", *map(str, arguments)]
    settings = _inherited() | {"PYTHONUTF8": "1"}
    return _answer(
        subprocess.run(command, input=stdin, capture_output=True, cwd=ROOT, env=settings, timeout=120, check=False)
    )


def _inherited() -> dict[str, str]:
    return {name: v for name, v in os.environ.items() if not name.startswith("PROMISES_") and name not in _TERMINAL}


def _answer(ended: subprocess.CompletedProcess[bytes] | Ended) -> CommandResult:
    return CommandResult(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def report(*arguments: str | Path, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the document of a `promises ... --json` that must succeed."""
    answer = promises(*arguments, "--json", stdin=stdin, environment=environment)
    assert (answer.code, answer.err) == (0, ""), answer.err
    return answer.document
