"""Runs `promises` and measures the delay of its event loop with a callback every 5 ms.

Arguments: the file for what was found, then those of `promises`. A line is added to the file each second: the longest
stall of that second, in milliseconds.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Final

from streams.cli import main

_EVERY: Final = 0.005


class _Looking:
    """A callback that runs every 5 ms on the event loop that it measures."""

    def __init__(self, loop: asyncio.AbstractEventLoop, found: Path) -> None:
        self._loop = loop
        self._found = found
        self._expected = time.monotonic()
        self._second = self._expected + 1
        self._longest = 0.0

    def look(self) -> None:
        now = time.monotonic()
        self._longest = max(self._longest, now - self._expected)
        if now >= self._second:
            with self._found.open("a") as file:
                file.write(f"{self._longest * 1000:.1f}\n")
            self._second, self._longest = now + 1, 0.0
        self._expected = time.monotonic() + _EVERY
        self._loop.call_later(_EVERY, self.look)


def stalled(found: str, *arguments: str) -> None:
    """Run the command with the probe."""
    run_forever = asyncio.BaseEventLoop.run_forever

    def looked_at(loop: asyncio.BaseEventLoop) -> None:
        looking = _Looking(loop, Path(found))
        loop.call_soon(looking.look)
        run_forever(loop)

    asyncio.BaseEventLoop.run_forever = looked_at  # type: ignore[method-assign,assignment]
    sys.argv[1:] = arguments
    main()


if __name__ == "__main__":
    stalled(*sys.argv[1:])
