"""How long transactions take: counts by upper bound, as a histogram has them."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Final

COMMIT_BOUNDS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Upper bounds in seconds."""


@dataclass(slots=True)
class Commits:
    """The transactions of a worker since it started. counts: by the first bound not exceeded, last those beyond all."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(COMMIT_BOUNDS) + 1))
    seconds: float = 0.0

    def took(self, seconds: float) -> None:
        """One transaction more."""
        self.counts[bisect_left(COMMIT_BOUNDS, seconds)] += 1
        self.seconds += seconds

    def copied(self) -> Commits:
        """As they are now, for a reader in another thread."""
        return Commits(list(self.counts), self.seconds)
