"""How much of everything the gateway takes, and counting it. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple


class Limits(NamedTuple):
    """What one sender can use at most, so that the others are served.

    body: its bytes. body_seconds, head_seconds: until a body, and the lines before it, have come. in_flight: requests
    at once. connections: at once, idle ones among them. kafka_seconds: until Kafka has a record; vendors wait for 5.
    wrong_per_second, wrong_at_once: requests of a feed that are told what is wrong with their signature. stop_seconds:
    for what is in flight when the gateway is told to end.
    """

    body: int = 1 << 20
    body_seconds: float = 5.0
    head_seconds: float = 5.0
    in_flight: int = 200
    connections: int = 500
    idle_seconds: int = 75
    kafka_seconds: float = 4.0
    wrong_per_second: float = 5.0
    wrong_at_once: float = 20.0
    stop_seconds: int = 7


LARGEST_HEAD: Final = 16 << 10
"""Bytes of the lines before a body: h11 reads no more."""


class Bucket:
    """So many at once, and so many a second in the long run."""

    def __init__(self, per_second: float, at_once: float) -> None:
        self._per_second = per_second
        self._at_once = at_once
        self._left = at_once
        self._then = 0.0

    def take(self, now: float) -> bool:
        """Whether there is one left at `now`, in seconds of a clock that never goes back."""
        self._left = min(self._at_once, self._left + (now - self._then) * self._per_second)
        self._then = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
