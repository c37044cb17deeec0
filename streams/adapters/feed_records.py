"""The types of a feed's record: as delivered, opened from its envelopes, adapted to canonical events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from schemas.events import Record
from schemas.instants import Instant

NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FeedRecord:
    """A raw record of a feed, from Kafka, from the gateway or from a file.

    headers: by name in lower case; of several with one name the last. timestamp: when the record reached Kafka; 0 in a
    file, where it is unknown.
    """

    value: bytes | None
    key: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    topic: str = ""
    timestamp: Instant = 0


class OpenedRecord(NamedTuple):
    """The content of the envelopes of a record.

    body: decoded JSON; a whole number beyond 2**53 is a text, because expressions may compute in floats, which would
    change an id. headers: those of the record and of a captured request. received_at: when the first of our processes
    received it. id: the id that an envelope gives the event; empty if none does. envelopes: the names of the envelopes,
    from the outside in.
    """

    body: Any
    headers: Mapping[str, str] = NO_HEADERS
    topic: str = ""
    key: str = ""
    received_at: Instant = 0
    id: str = ""
    envelopes: tuple[str, ...] = ()


class ThinNotification(NamedTuple):
    """A notification that something changed, without its content. kind, ref: what to fetch, such as an order's id."""

    kind: str
    ref: str


class AdaptedRecord(NamedTuple):
    """The result of adapting a record: canonical events, or why there are none. It is never partial.

    rules: the names of the rules that matched, in order. ignored: the rule by which the record is of no interest; empty
    if there is none. thin: what must be fetched first.
    """

    events: tuple[Record, ...] = ()
    rules: tuple[str, ...] = ()
    ignored: str = ""
    thin: tuple[ThinNotification, ...] = ()


def decode_headers(pairs: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """Return headers by name in lower case; of several with one name the last.

    Bytes that are not UTF-8 become lone surrogates: raw_bytes restores them, printable replaces them.
    """
    return {name.lower(): (value or b"").decode(errors="surrogateescape") for name, value in pairs}


def raw_bytes(text: str) -> bytes:
    """Return the bytes that decode_headers decoded as `text`."""
    return text.encode(errors="surrogateescape")


def printable(text: str) -> str:
    """Return `text` in a form that UTF-8 can encode: each byte that was not UTF-8 becomes a replacement character."""
    return text if text.isascii() else text.encode(errors="surrogateescape").decode(errors="replace")
