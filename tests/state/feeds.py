"""Logs in which sources say how far they were read: two feeds of two partitions, which lag, fail and come back."""

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
"""The shops of the town with feeds of their own; of who names none of them, nothing is awaited."""

ONE: Final[FeedLookup] = {shop: LocationFeed("till", MINUTE) for shop in ("", "north", "south")}
"""Whatever a case says of its shop, it waits for one and the same feed."""

SOURCES: Final = [(feed, partition) for feed in ("till", "kiosk") for partition in (0, 1)]


def clock_record(source: str, partition: int, upto: Instant) -> events.Clock:
    return events.Clock(source=source, partition=partition, at=to_datetime(upto))


@composite
def logs_with_feeds(draw: DrawFn) -> Log:
    """Arrivals between which sources say now and then how far they were read; at first they all do."""
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
    """Every partition of every source says that it was read up to `lag` before `clock`."""
    return [(clock, clock_record(*source, clock - lag)) for source in SOURCES]


def partition_after(log: Log, feeds: FeedLookup, end: Instant = END) -> Partition:
    """A book that has read these records one by one, and heard at `end` that there is no more."""
    partition = Partition(POLICIES, feeds=feeds)
    for clock, event in [*log, *clocks_of_all(max(end, log[-1][0]))]:
        partition.apply(record(event, clock))
    return partition


def advance_in_steps(partition: Partition, upto: Instant, minutes: int) -> None:
    """Time passes step by step."""
    while partition.state.watermark.now and partition.state.watermark.now + minutes * MINUTE < upto:
        partition.effects += partition.state.advance(partition.state.watermark.now + minutes * MINUTE, FOREVER)
