"""Rates and quantiles, which cannot be summed over rows, computed from counts and lists, which can."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor


def kept_rate(kept: int, broken: int) -> float | None:
    """Return kept / (kept + broken); None if both are 0, because no promise was due."""
    due = kept + broken
    return kept / due if due else None


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """Return the quantile at `share` (0 to 1) of `ordered`, which is ascending; None if that is empty.

    Interpolates linearly between the two nearest values: type 7 of Hyndman and Fan, Sample Quantiles in Statistical
    Packages, 1996.
    """
    if not ordered:
        return None
    position = share * (len(ordered) - 1)
    low = floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)
