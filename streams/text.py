"""Text from outside, made safe for a log or a terminal. Pure."""

from __future__ import annotations

from typing import Final

_MAX_LENGTH: Final = 200


def one_line(text: str) -> str:
    """Return `text` as one printable line of about 200 characters at most, for a log."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text[:1000]).split())
    return line if len(line) <= _MAX_LENGTH else f"{line[:_MAX_LENGTH]}..."


def printable(text: str, *, multiline: bool = False) -> str:
    """Return `text` with unprintable characters as escapes, so that it cannot control a terminal.

    multiline: leave line ends and tabs as they are.
    """
    allowed = "\n\t" if multiline else ""
    return "".join(
        letter if letter.isprintable() or letter in allowed else letter.encode("unicode_escape").decode()
        for letter in text
    )
