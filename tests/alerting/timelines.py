"""Timelines of shops, and what workers show of them: the windows are moved by the book's own code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from streams.alerting.recording_rules import quoted
from streams.state.rows import BOTH
from streams.state.windows import CELL_COUNTS, WIDTHS, Label, Windows

Minute = int
"""Minutes since the timeline began."""

MINUTE = 60_000
DAY = 24 * 60


def at(text: str) -> Minute:
    """A moment of a timeline, such as 25:30, or with days before it, such as 8d 00:20."""
    days, _, time = text.rpartition("d ")
    hours, minutes = time.split(":")
    return int(days or 0) * DAY + int(hours) * 60 + int(minutes)


class Shop:
    """A location with promises of one kind: when each falls due, and whether it is kept."""

    def __init__(self, location: str, kind: str = "ready") -> None:
        self.label = Label(location, kind)
        self.due: dict[Minute, list[bool]] = defaultdict(list)
        self.at_risk: list[tuple[Minute, Minute, int]] = []

    def owes(self, first: str, last: str, *, every: int, kept: bool = True) -> Shop:
        """From `first` on and before `last`, a promise falls due every so many minutes."""
        for minute in range(at(first), at(last), every):
            self.due[minute].append(kept)
        return self

    def owes_always(self, last: str, *, every: int) -> Shop:
        """The day before the timeline began and up to `last`, a promise falls due every so many minutes."""
        for minute in range(-DAY, at(last), every):
            self.due[minute].append(True)
        return self

    def owes_daily(self, *times: str, days: Iterable[int], broken: Iterable[str] = ()) -> Shop:
        """On each of these days a promise at each of these times; those of `broken` are broken."""
        for day in days:
            for time in times:
                self.due[day * DAY + at(time)].append(time not in broken)
        return self

    def breaks(self, first: str, last: str) -> Shop:
        """What is due from `first` on and before `last` is broken."""
        for minute in range(at(first), at(last)):
            self.due[minute] = [False for _ in self.due[minute]]
        return self

    def has_at_risk(self, first: str, last: str, count: int) -> Shop:
        """From `first` on and before `last` so many open promises are at risk."""
        self.at_risk.append((at(first), at(last), count))
        return self


Sample = float | None
"""What a series has at a minute; None: nothing."""

Row = list[Sample]


def shown(shops: Iterable[Shop], minutes: Minute) -> dict[str, Row]:
    """The series of one worker that has all promises of the shops, one sample a minute."""
    series: dict[str, Row] = {}
    for shop in shops:
        for name, row in _windows(shop, minutes):
            series[name] = row
        labels = _labels(shop)
        series[f"promises_made_total{{{labels}}}"] = [*_made(shop, minutes)]
        at_risk = f'promises_state{{{labels},basis="original",verdict="open",reason="at_risk"}}'
        series[at_risk] = [float(_counted(shop.at_risk, minute)) for minute in range(minutes)]
    return series


def _labels(shop: Shop) -> str:
    return f"location={quoted(shop.label.location)},kind={quoted(shop.label.kind)}"


def _windows(shop: Shop, minutes: Minute) -> Iterator[tuple[str, Row]]:
    windows, sums = Windows(), []
    for minute in range(-DAY, minutes):
        now = (DAY + minute) * MINUTE
        windows.advance(now)
        for kept in shop.due.get(minute, ()):
            windows.add(shop.label, BOTH, now, int(kept), 1)
        sums.append(windows.sums().get(shop.label, (0,) * CELL_COUNTS * len(WIDTHS)))
    sums = sums[DAY:]
    for number, window in enumerate(WIDTHS):
        for place, name in enumerate(("kept", "due")):
            labels = f'{_labels(shop)},basis="original",window="{window}"'
            yield f"promises_window_{name}{{{labels}}}", [float(row[number * CELL_COUNTS + place]) for row in sums]


def _made(shop: Shop, minutes: Minute) -> Iterator[float]:
    made = 0
    for minute in range(minutes):
        made += len(shop.due.get(minute, ()))
        yield made


def _counted(spans: list[tuple[Minute, Minute, int]], minute: Minute) -> int:
    return sum(count for first, last, count in spans if first <= minute < last)


def gone(series: Mapping[str, Row], first: str, last: str) -> dict[str, Row]:
    """The series without their samples from `first` on and before `last`."""
    return {
        name: [None if at(first) <= minute < at(last) else value for minute, value in enumerate(row)]
        for name, row in series.items()
    }


def until(moment: str, before: Mapping[str, Row], after: Mapping[str, Row]) -> dict[str, Row]:
    """One timeline up to a moment, and from then on another."""
    return {name: [*row[: at(moment)], *after[name][at(moment) :]] for name, row in before.items()}


def added(one: Mapping[str, Row], other: Mapping[str, Row]) -> dict[str, Row]:
    """The sums of two sets of the same series, as a worker shows those of all its partitions."""
    return {
        name: [a if b is None else b if a is None else a + b for a, b in zip(row, other[name], strict=True)]
        for name, row in one.items()
    }


def worker(instance: str, series: Mapping[str, Row], minutes: Minute, *partitions: int) -> dict[str, Row]:
    """What Prometheus has of a worker that is up, ready, at the wall clock and hears its feed, and shows `series`."""
    clock: Row = [60.0 * minute for minute in range(minutes)]
    own: dict[str, Row] = {"up": [1.0] * minutes, "promises_ready": [1.0] * minutes, FEED: clock}
    clocks = {clock_of(partition): clock for partition in partitions or (0,)}
    return on(instance, {**own, **clocks, **series})


FEED = 'promises_feed_timestamp_seconds{feed="pos-quay"}'


def clock_of(partition: int) -> str:
    """The series of the clock of a partition."""
    return f'promises_clock_timestamp_seconds{{partition="{partition}"}}'


def on(instance: str, series: Mapping[str, Row]) -> dict[str, Row]:
    """The series as Prometheus labels them when it scrapes that worker."""
    labelled = {}
    for name, row in series.items():
        metric, _, labels = name.partition("{")
        rest = f",{labels}" if labels else "}"
        labelled[f'{metric}{{job="promises",instance="{instance}"{rest}'] = row
    return labelled


def as_input(series: Mapping[str, Row], step: Minute) -> list[dict[str, Any]]:
    """The series as promtool reads them, a sample each `step`. What ends is stale at once, as when a target is gone."""
    return [{"series": name, "values": " ".join(_runs(row[::step]))} for name, row in series.items()]


def _runs(row: Row) -> Iterator[str]:
    lived = False
    for value, group in groupby(row):
        more = len([*group]) - 1
        if value is not None:
            yield f"{value:.12g}x{more}"
        else:
            yield ("stale" if lived else "_") + (f" _x{more}" if more else "")
        lived = value is not None
