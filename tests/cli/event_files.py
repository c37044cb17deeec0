"""Files of events for the commands, and the events of a morning in two coffee shops."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.histories import Line, Story, ndjson, order


def write_events(file: Path, *lines: Line) -> Path:
    """Write a file of events, which arrive in this order, and return its path."""
    file.write_bytes(ndjson(*lines))
    return file


MORNING: Final[tuple[Story, ...]] = (
    order("s1").promised("ready", due="12:10", time="12:00", at="soho").reached("ready", "12:08", staff="ada"),
    order("s2").promised("ready", due="12:11", time="12:01", at="soho").reached("ready", "12:12:01", staff="ben"),
    order("s3").promised("ready", due="12:12", time="12:02", at="soho"),
    order("c1").promised("ready", due="12:10", time="12:00", at="camden").reached("ready", "12:10", staff="ada"),
    order("c2").promised("ready", due="12:13", time="12:03", at="camden").cancelled("12:04", by="customer"),
    order("x1").promised("ready", due="12:30", time="12:05"),
    order("walk-in").nothing_promised("12:06").reached("ready", "12:20"),
)
"""Soho: kept, late, undelivered. Camden: kept, cancelled. One order has no location, and one no promise."""
