"""The wall clock. Only the outer layers read it; the pure core receives the time as an argument."""

from __future__ import annotations

import time

from schemas.instants import Instant


def wall_clock() -> Instant:
    """Return the current time in milliseconds UTC."""
    return time.time_ns() // 1_000_000
