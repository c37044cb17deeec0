"""How a measured process says how far it is: lines of JSON on its standard output."""

from __future__ import annotations

import json
import time


class Progress:
    """Counts events, and says the count at the first one, at every twentieth part of `limit`, and at `limit`.

    A line holds `events`; `at`, seconds of the machine's monotonic clock; `cpu`, seconds of this process.
    """

    def __init__(self, limit: int) -> None:
        self._events = 0
        self._step = max(1, limit // 20)
        self._next = 1

    def count(self, events: int = 1) -> None:
        """So many events more were handled."""
        self._events += events
        if self._events >= self._next:
            self._say()

    def _say(self) -> None:
        line = {"events": self._events, "at": time.monotonic(), "cpu": time.process_time()}
        print(json.dumps(line), flush=True)
        self._next = (self._events // self._step + 1) * self._step
