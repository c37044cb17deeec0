"""The limits of the gateway, and a token bucket. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple


class Limits(NamedTuple):
    """The most that one sender can use, so that the others are still served.

    body: the maximum size of a body in bytes. body_seconds, head_seconds: the time within which a body, and the lines
    before it, must arrive. in_flight: requests at once. connections: open connections, idle ones included.
    kafka_seconds: the time within which Kafka must store a record; vendors wait for 5. wrong_per_second, wrong_at_once:
    how many responses per feed say why a signature is wrong. stop_seconds: the time for requests in flight when the
    gateway stops.
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


MAX_HEAD: Final = 16 << 10
"""The maximum size in bytes of the lines before a body: h11 reads no more."""


class TokenBucket:
    """A token bucket: it allows `at_once` events in a burst, and `per_second` in the long run."""

    def __init__(self, per_second: float, at_once: float) -> None:
        self._per_second = per_second
        self._at_once = at_once
        self._tokens = at_once
        self._updated_at = 0.0

    def try_acquire(self, now: float) -> bool:
        """Take one token, if there is one. now: seconds of a clock that never goes back."""
        self._tokens = min(self._at_once, self._tokens + (now - self._updated_at) * self._per_second)
        self._updated_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
