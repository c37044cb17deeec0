"""Output of the commands: JSON documents, aligned columns, and the bytes of a record as text."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from streams.text import printable

MAX_SHOWN: Final = 4096
"""Bytes of a record that are shown at most."""

_BYTES_PER_LINE: Final = 16


def write_json(document: Any) -> None:
    """Write `document` to stdout as indented JSON."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n")


def columns(rows: Iterable[Sequence[str]], *, empty: str = "-") -> str:
    """Return rows of equally many cells as aligned columns, one row a line. empty: replaces an empty cell."""
    cells = [[printable(cell) or empty for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells)
    return "".join(f"{line}\n" for line in lines)


def record_text(value: bytes) -> str:
    """Return the bytes of a record as text, or as a hex dump if they are not text. Long ones are cut."""
    start = value[:MAX_SHOWN]
    more = f"\n... {len(value) - MAX_SHOWN} more bytes; --raw writes all" if len(value) > MAX_SHOWN else ""
    text = _decoded(start)
    return (printable(text, multiline=True) if text is not None else "\n".join(_hex_lines(start))) + more


def _decoded(value: bytes) -> str | None:
    """Return `value` as text without a last character that was cut; None if it is not text."""
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        if len(value) < MAX_SHOWN or error.start < len(value) - 3:
            return None
        text = value[: error.start].decode()
    unprintable = sum(not (letter.isprintable() or letter.isspace()) for letter in text)
    return text if unprintable * 20 <= len(text) else None


def _hex_lines(value: bytes) -> Iterator[str]:
    for start in range(0, len(value), _BYTES_PER_LINE):
        row = value[start : start + _BYTES_PER_LINE]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        yield f"{start:08x}  {row.hex(' '):<{_BYTES_PER_LINE * 3}} {letters}"
