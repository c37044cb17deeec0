"""What others wrote, as it may stand in a line of a log."""

from __future__ import annotations

from typing import Final

_LONGEST: Final = 200


def one_line(text: str) -> str:
    """`text` in one line of at most some 200 characters."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text[:1000]).split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
