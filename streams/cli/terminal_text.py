"""What others wrote, as it can be shown on a terminal: no byte of theirs moves the cursor or changes a colour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

SHOWN: Final = 4096
"""Bytes of a record that are shown."""

_WIDTH: Final = 16


def harmless(text: str, *, lines: bool = False) -> str:
    """`text` with what is not printable as escapes; line ends and tabs stay where `lines` may be more than one."""
    kept = "\n\t" if lines else ""
    return "".join(one if one.isprintable() or one in kept else _escaped(one) for one in text)


def columns(rows: Iterable[Sequence[str]]) -> str:
    """Rows of as many cells each, one a line, in columns; the last column is as long as it is."""
    cells = [[harmless(cell) or "-" for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells)
    return "".join(f"{line}\n" for line in lines)


def shown(value: bytes) -> str:
    """A record's bytes as text, or as hex and text beside it where they are none; of a long one the beginning."""
    begin = value[:SHOWN]
    more = f"\n... {len(value) - SHOWN} more bytes; --raw writes all" if len(value) > SHOWN else ""
    text = _text(begin)
    return (harmless(text, lines=True) if text is not None else "\n".join(_hex(begin))) + more


def _text(value: bytes) -> str | None:
    """`value` as text, but for a last letter that was cut; None where it is no text."""
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        if len(value) < SHOWN or error.start < len(value) - 3:
            return None
        text = value[: error.start].decode()
    odd = sum(not (one.isprintable() or one.isspace()) for one in text)
    return text if odd * 20 <= len(text) else None


def _hex(value: bytes) -> Iterator[str]:
    for start in range(0, len(value), _WIDTH):
        row = value[start : start + _WIDTH]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        yield f"{start:08x}  {row.hex(' '):<{_WIDTH * 3}} {letters}"


def _escaped(one: str) -> str:
    return one.encode("unicode_escape").decode()
