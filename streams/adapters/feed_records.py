"""The way of a feed's record: as delivered, opened from its envelopes, adapted to canonical events. Types only."""

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
    """A record of a feed, raw, whoever carried it: Kafka, the gateway, a file.

    headers: by name in lower case; of several of one name the last. timestamp: when it reached Kafka (or, in a file,
    0: nobody knows).
    """

    value: bytes | None
    key: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    topic: str = ""
    timestamp: Instant = 0


class OpenedRecord(NamedTuple):
    """What was in the envelopes.

    body: decoded JSON; a whole number beyond 2**53 is a text, because what follows may compute in floats and an id must
    survive that. headers: of the record and of the request that it captured. received_at: when the first machine of
    ours had it. id: what the envelope calls the event; empty where it names none. envelopes: those that were opened,
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
    """A notification that says only that something changed: what to fetch, as `kind` and `ref` (an order's id)."""

    kind: str
    ref: str


class AdaptedRecord(NamedTuple):
    """What a record becomes: canonical events, or why there are none. Never partly: else it is refused.

    rules: the names of the rules that made the events, in their order. ignored: the rule that says that such a record
    is nobody's business; empty where none did. thin: where it must be fetched first.
    """

    events: tuple[Record, ...] = ()
    rules: tuple[str, ...] = ()
    ignored: str = ""
    thin: tuple[ThinNotification, ...] = ()


def decode_headers(pairs: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """Headers by name in lower case; of several of one name the last. Bytes that are no UTF-8 become lone surrogates:
    raw_bytes turns them back, printable drops them."""
    return {name.lower(): (value or b"").decode(errors="surrogateescape") for name, value in pairs}


def raw_bytes(text: str) -> bytes:
    """The bytes that headers_of read as `text`."""
    return text.encode(errors="surrogateescape")


def printable(text: str) -> str:
    """`text` as it can be written as UTF-8, with a replacement character for each byte that is none."""
    return text if text.isascii() else text.encode(errors="surrogateescape").decode(errors="replace")
