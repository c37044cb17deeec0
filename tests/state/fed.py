"""Logs in which sources say how far they were read: two feeds of two partitions, which lag, fail and come back."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, composite

from schemas import events
from schemas.instants import Instant, moment
from streams.judging.locations import FeedLookup, LocationFeed
from tests.judging.generated import END, MINUTE, TOWN, arrivals
from tests.state.desk import FOREVER, Desk, record

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


def says(source: str, partition: int, upto: Instant) -> events.Clock:
    return events.Clock(source=source, partition=partition, at=moment(upto))


@composite
def fed(draw: DrawFn) -> Log:
    """Arrivals between which sources say now and then how far they were read; at first they all do."""
    told = draw(arrivals())
    clock = told[0][0]
    log: Log = [] if draw(st.integers(0, 4)) == 4 else heard_up_to(clock, draw(_LAGS))
    for clock, event in told:
        log += _said(draw, clock)
        log.append((clock, event))
    for _ in range(draw(st.sampled_from([3, 5, 0]))):
        clock += draw(st.sampled_from([1, 2, 5])) * MINUTE + draw(st.sampled_from([0, 0, 1]))
        log += _said(draw, clock)
    return log


_LAGS: Final = st.sampled_from([0, 0, 1, MINUTE, 2 * MINUTE, 5 * MINUTE, 11 * MINUTE])


def _said(draw: DrawFn, clock: Instant) -> Log:
    who = draw(st.sampled_from([[], [], SOURCES, SOURCES[:2], SOURCES[:1], SOURCES[2:]]))
    return [(clock, says(*source, clock - draw(_LAGS))) for source in who]


def heard_up_to(clock: Instant, lag: int = 0) -> Log:
    """Every partition of every source says that it was read up to `lag` before `clock`."""
    return [(clock, says(*source, clock - lag)) for source in SOURCES]


def read(log: Log, feeds: FeedLookup, end: Instant = END) -> Desk:
    """A book that has read these records one by one, and heard at `end` that there is no more."""
    desk = Desk(TOWN, feeds=feeds)
    for clock, event in [*log, *heard_up_to(max(end, log[-1][0]))]:
        desk.reads(record(event, clock))
    return desk


def looked_at(desk: Desk, upto: Instant, minutes: int) -> None:
    """Time passes step by step."""
    while desk.book.clock.now and desk.book.clock.now + minutes * MINUTE < upto:
        desk.said += desk.book.move(desk.book.clock.now + minutes * MINUTE, FOREVER)
