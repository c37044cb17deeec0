"""The clock of a partition: the instant up to which it knows what happened."""

from __future__ import annotations

from schemas.instants import Instant


class Clock:
    """Only moves forward. Who feeds it decides what it follows: the records read, or, once caught up, the wall."""

    def __init__(self) -> None:
        self.now: Instant = 0

    def move(self, to: Instant, wall: Instant) -> Instant:
        """Move to `to`, unless that is back, or later than the wall clock (`wall`): no record can know the future."""
        if self.now < to <= wall:
            self.now = to
        return self.now
