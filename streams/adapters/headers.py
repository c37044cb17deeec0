"""Headers of a Kafka record as text by name, so that a header of raw bytes can be had back byte for byte."""

from __future__ import annotations

from collections.abc import Iterable


def headers_of(pairs: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """Headers by name in lower case; of several of one name the last. Bytes that are no UTF-8 become lone surrogates:
    raw_bytes turns them back, printable drops them."""
    return {name.lower(): (value or b"").decode(errors="surrogateescape") for name, value in pairs}


def raw_bytes(text: str) -> bytes:
    """The bytes that headers_of read as `text`."""
    return text.encode(errors="surrogateescape")


def printable(text: str) -> str:
    """`text` as it can be written as UTF-8, with a replacement character for each byte that is none."""
    return text if text.isascii() else text.encode(errors="surrogateescape").decode(errors="replace")
