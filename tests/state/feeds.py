"""Random logs with clock records: two feeds of two partitions each, which lag, fail and return."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, composite

from schemas import events
from schemas.instants import Instant, to_datetime
from streams.judging.locations import FeedLookup, LocationFeed
from tests.judging.generated import END, MINUTE, POLICIES, arrivals
from tests.state.partitions import FOREVER, Partition, record

Log = list[tuple[Instant, events.Record]]
"""Records with the instants at which they arrive, in that order."""

SOME: Final[FeedLookup] = {
    "north": LocationFeed("till", MINUTE, 8 * MINUTE),
    "south": LocationFeed("kiosk", 2 * MINUTE),
}
"""Feeds of two locations. Cases of other locations wait for no feed."""

ONE: Final[FeedLookup] = {shop: LocationFeed("till", MINUTE) for shop in ("", "north", "south")}
"""One feed for all locations, so that every case waits for it."""

SOURCES: Final = [(feed, partition) for feed in ("till", "kiosk") for partition in (0, 1)]


def clock_record(source: str, partition: int, upto: Instant) -> events.Clock:
    return events.Clock(source=source, partition=partition, at=to_datetime(upto))


@composite
def logs_with_feeds(draw: DrawFn) -> Log:
    """Draw arrivals with clock records between them. Most logs begin with one of every source."""
    arrived = draw(arrivals())
    clock = arrived[0][0]
    log: Log = [] if draw(st.integers(0, 4)) == 4 else clocks_of_all(clock, draw(_LAGS))
    for clock, event in arrived:
        log += _draw_clocks(draw, clock)
        log.append((clock, event))
    for _ in range(draw(st.sampled_from([3, 5, 0]))):
        clock += draw(st.sampled_from([1, 2, 5])) * MINUTE + draw(st.sampled_from([0, 0, 1]))
        log += _draw_clocks(draw, clock)
    return log


_LAGS: Final = st.sampled_from([0, 0, 1, MINUTE, 2 * MINUTE, 5 * MINUTE, 11 * MINUTE])


def _draw_clocks(draw: DrawFn, clock: Instant) -> Log:
    who = draw(st.sampled_from([[], [], SOURCES, SOURCES[:2], SOURCES[:1], SOURCES[2:]]))
    return [(clock, clock_record(*source, clock - draw(_LAGS))) for source in who]


def clocks_of_all(clock: Instant, lag: int = 0) -> Log:
    """Return a clock record of every partition of every source, with the watermark `lag` before `clock`."""
    return [(clock, clock_record(*source, clock - lag)) for source in SOURCES]


def partition_after(log: Log, feeds: FeedLookup, end: Instant = END) -> Partition:
    """Return a partition that has read a log, and then clock records of all sources at `end`."""
    partition = Partition(POLICIES, feeds=feeds)
    for clock, event in [*log, *clocks_of_all(max(end, log[-1][0]))]:
        partition.apply(record(event, clock))
    return partition


def advance_in_steps(partition: Partition, upto: Instant, minutes: int) -> None:
    """Advance the watermark by steps of that many minutes."""
    while partition.state.watermark.now and partition.state.watermark.now + minutes * MINUTE < upto:
        partition.effects += partition.state.advance(partition.state.watermark.now + minutes * MINUTE, FOREVER)
