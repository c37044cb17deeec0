"""The check of an error message: one clear line, and an exit code to act on."""

from __future__ import annotations

from typing import Final

from tests.cli.command import CommandResult

USAGE, UNREACHABLE = 2, 3
LINE: Final = 300
"""Characters of a message that is still one line to a reader."""


def assert_error(answer: CommandResult, code: int, *words: str) -> None:
    """Assert that the command wrote one line with these words to stderr, and ended with this code."""
    assert "Traceback" not in answer.err
    (line,) = answer.err.splitlines()
    assert line.startswith("promises: ")
    assert len(line) < LINE
    assert [word for word in words if word not in line] == []
    assert (answer.code, answer.out) == (code, "")
