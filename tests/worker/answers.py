"""What an answer to something wrong has to be: one clear line, and an exit code to act on."""

from __future__ import annotations

from typing import Final

from tests.cli.command import Answer

USAGE, UNREACHABLE = 2, 3
LINE: Final = 300
"""Characters of a message that is still one line to a reader."""


def assert_error(answer: Answer, code: int, *words: str) -> None:
    """The command said one line on stderr, with these words, and ended with this code."""
    assert "Traceback" not in answer.err
    (line,) = answer.err.splitlines()
    assert line.startswith("promises: ")
    assert len(line) < LINE
    assert [word for word in words if word not in line] == []
    assert (answer.code, answer.out) == (code, "")
