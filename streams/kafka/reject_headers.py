"""Headers of the records in promise.rejects: their names, and how they are written and read.

A worker refuses records of promise.events; intake refuses records of feeds. Both say why a record was refused and where
it was read. Intake also keeps the record's own headers, each under its name with the prefix `original.`. A retry note
says that a refused record was sent again; it has the header `retried` with the position of that record in
promise.rejects.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from schemas.reading import Refused
from streams.records import ConsumedRecord, Headers, RecordPosition

ORIGINAL: Final = "original."
"""The prefix of a header that the refused record had itself."""

_RETRIED: Final = "retried"


class RejectHeaders(NamedTuple):
    """The headers of a refused record as text; an absent header is empty. original: the record's own headers."""

    topic: str
    feed: str
    reason: str
    detail: str
    adapter: str
    partition: str
    offset: str
    timestamp: str
    cut: str
    original: Headers


def source_headers(topic: str, partition: int, record: ConsumedRecord) -> Headers:
    """Return the headers that say where a record was read."""
    return (
        ("topic", topic.encode()),
        ("partition", b"%d" % partition),
        ("offset", b"%d" % record.offset),
        ("timestamp", b"%d" % record.timestamp),
    )


def refusal_headers(refused: Refused) -> Headers:
    """Return the headers that say why a record was refused."""
    return ("reason", refused.reason.encode()), ("detail", refused.detail.encode(errors="replace"))


def original_headers(headers: Iterable[tuple[str, bytes | None]]) -> Headers:
    """Return the headers of a record as they are kept beside ours. A null value becomes empty bytes."""
    return tuple((ORIGINAL + name, value or b"") for name, value in headers)


def cut_header(size: int) -> tuple[str, bytes]:
    """Return the header of a record that was too large to be kept whole. size: its full size in bytes."""
    return "cut", f"{size} bytes".encode()


def retry_headers(position: RecordPosition, topic: str, reason: str) -> Headers:
    """Return the headers of the note that the refused record at `position` in promise.rejects was sent again."""
    return (
        (_RETRIED, str(position).encode()),
        ("topic", topic.encode(errors="replace")),
        ("reason", reason.encode(errors="replace")),
    )


def retried_position(headers: Headers) -> str | None:
    """Return the position in a retry note as text, or None for headers of another record."""
    value = dict(headers).get(_RETRIED)
    return None if value is None else value.decode(errors="replace")


def read_reject_headers(headers: Headers) -> RejectHeaders:
    """Read the headers of a refused record."""
    texts = {name: value.decode(errors="replace") for name, value in headers if not name.startswith(ORIGINAL)}
    original = tuple((name.removeprefix(ORIGINAL), value) for name, value in headers if name.startswith(ORIGINAL))
    names = [name for name in RejectHeaders._fields if name != "original"]
    return RejectHeaders(**{name: texts.get(name, "") for name in names}, original=original)
