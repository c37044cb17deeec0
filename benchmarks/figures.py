"""Figures as text: tables that a Markdown file can take, and quantiles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [_line(head, widths), "|" + "|".join([":--", *["--:"] * (len(head) - 1)]) + "|"]
    return "\n".join([*lines, *(_line(row, widths) for row in rows)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = zip(cells, widths, strict=True)
    aligned = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]
    return "| " + " | ".join(aligned) + " |"


def whole(number: float) -> str:
    """Format a number rounded, with a space between groups of three digits: 71 300."""
    return f"{number:,.0f}".replace(",", " ")


def megabytes(size: float) -> str:
    """Format a number of bytes as megabytes (10**6)."""
    return f"{size / 1e6:.0f}"


def quantile(values: Sequence[float], share: float) -> float:
    """The least of `values` that at least `share` of them do not exceed (nearest rank). `values` are not empty."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def bucket_quantile(buckets: Mapping[float, float], share: float) -> float:
    """The same of a histogram's cumulative `buckets` by upper bound, as PromQL's histogram_quantile interpolates it.

    Infinite where it lies above the last bound; NaN where nothing was observed.
    """
    bounds = sorted(buckets)
    total = buckets[bounds[-1]] if bounds else 0.0
    if not total:
        return math.nan
    lower = below = 0.0
    for bound in bounds:
        if buckets[bound] >= share * total:
            inside = buckets[bound] - below
            return lower + (bound - lower) * (share * total - below) / inside if math.isfinite(bound) else bound
        lower, below = bound, buckets[bound]
    return math.inf
