"""Measures: what cannot be added up (rates, quantiles), from sums and lists that can."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor


def kept_rate(kept: int, broken: int) -> float | None:
    """kept / (kept + broken); None when nothing was due, which is neither 0 nor 1."""
    due = kept + broken
    return kept / due if due else None


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """The value below which `share` (0 to 1) of `ordered` (ascending) lies, by linear interpolation between the two
    nearest (type 7 of Hyndman and Fan, Sample Quantiles in Statistical Packages, 1996). None when there are none."""
    if not ordered:
        return None
    position = share * (len(ordered) - 1)
    low = floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)
