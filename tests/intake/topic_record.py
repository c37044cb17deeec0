"""Records as they are in the topic of a feed, for tests without Kafka."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.instants import Instant, parse_instant

NOON = parse_instant("2026-03-06T12:00:00Z")


@dataclass(frozen=True)
class TopicRecord:
    """A record in the topic of a feed."""

    offset: int
    value: bytes | None = b""
    timestamp: Instant = NOON
    key: bytes | None = b"o1"
    headers: tuple[tuple[str, bytes | None], ...] = ()
