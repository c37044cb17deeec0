"""The size of each part. All sizes follow from two numbers, so that a small run keeps the proportions."""

from __future__ import annotations

from typing import NamedTuple


class Sizes(NamedTuple):
    """events: of the contest. open: promises that recovery and the costliest size hold open."""

    events: int = 1_000_000
    open: int = 1_000_000

    @property
    def quix(self) -> int:
        """Events for Quix Streams, which is slower."""
        return min(self.events, 400_000)

    @property
    def faust_nothing(self) -> int:
        """Events for a stock Faust agent that does nothing: 12 000 a second."""
        return min(self.events, 200_000)

    @property
    def faust_table(self) -> int:
        """Events for a stock Faust agent with a table: 4 000 a second."""
        return min(self.events, 100_000)
