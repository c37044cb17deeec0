"""The wall clock, which only the shell looks at: the parts that judge are told the time."""

from __future__ import annotations

import time

from schemas.instants import Instant


def wall_clock() -> Instant:
    """What it shows."""
    return time.time_ns() // 1_000_000
