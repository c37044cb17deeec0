"""Timelines of shops, and the series that workers export for them. The windows are moved by the code of the product."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from streams.alerting.recording_rules import quoted
from streams.state.windows import BOTH, CELL_COUNTS, WIDTHS, Label, Windows, by_basis

Minute = int
"""Minutes since the timeline began."""

MINUTE = 60_000
DAY = 24 * 60


def at(text: str) -> Minute:
    """Return a moment of a timeline, such as 25:30, or with days before it, such as 8d 00:20."""
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
        """Add a promise due every so many minutes, from `first` to before `last`."""
        for minute in range(at(first), at(last), every):
            self.due[minute].append(kept)
        return self

    def owes_always(self, last: str, *, every: int) -> Shop:
        """Add a promise due every so many minutes, from a day before the timeline up to `last`."""
        for minute in range(-DAY, at(last), every):
            self.due[minute].append(True)
        return self

    def owes_daily(self, *times: str, days: Iterable[int], broken: Iterable[str] = ()) -> Shop:
        """Add a promise at each of these times on each of these days; those of `broken` are broken."""
        for day in days:
            for time in times:
                self.due[day * DAY + at(time)].append(time not in broken)
        return self

    def breaks(self, first: str, last: str) -> Shop:
        """Break the promises that fall due from `first` to before `last`."""
        for minute in range(at(first), at(last)):
            self.due[minute] = [False for _ in self.due[minute]]
        return self

    def has_at_risk(self, first: str, last: str, count: int) -> Shop:
        """Let so many open promises be at risk from `first` to before `last`."""
        self.at_risk.append((at(first), at(last), count))
        return self


Sample = float | None
"""The value of a series at a minute; None if it has none."""

Row = list[Sample]


def shown(shops: Iterable[Shop], minutes: Minute) -> dict[str, Row]:
    """Return the series of one worker with all promises of the shops, one sample a minute."""
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
    counts = [[count for count in by_basis(row) if count.basis == "original"] for row in sums]
    for number, window in enumerate(WIDTHS):
        labels = f'{_labels(shop)},basis="original",window="{window}"'
        yield f"promises_window_kept{{{labels}}}", [float(row[number].kept) for row in counts]
        yield f"promises_window_due{{{labels}}}", [float(row[number].due) for row in counts]


def _made(shop: Shop, minutes: Minute) -> Iterator[float]:
    made = 0
    for minute in range(minutes):
        made += len(shop.due.get(minute, ()))
        yield made


def _counted(spans: list[tuple[Minute, Minute, int]], minute: Minute) -> int:
    return sum(count for first, last, count in spans if first <= minute < last)


def gone(series: Mapping[str, Row], first: str, last: str) -> dict[str, Row]:
    """Return the series without their samples from `first` to before `last`."""
    return {
        name: [None if at(first) <= minute < at(last) else value for minute, value in enumerate(row)]
        for name, row in series.items()
    }


def until(moment: str, before: Mapping[str, Row], after: Mapping[str, Row]) -> dict[str, Row]:
    """Return one timeline up to a moment, and another from then on."""
    return {name: [*row[: at(moment)], *after[name][at(moment) :]] for name, row in before.items()}


def added(one: Mapping[str, Row], other: Mapping[str, Row]) -> dict[str, Row]:
    """Return the sums of two sets of the same series, as a worker exports those of its partitions."""
    return {
        name: [a if b is None else b if a is None else a + b for a, b in zip(row, other[name], strict=True)]
        for name, row in one.items()
    }


def worker(instance: str, series: Mapping[str, Row], minutes: Minute, *partitions: int) -> dict[str, Row]:
    """Return the series of a worker that is up, ready and current, with `series`."""
    clock: Row = [60.0 * minute for minute in range(minutes)]
    own: dict[str, Row] = {"up": [1.0] * minutes, "promises_ready": [1.0] * minutes, FEED: clock}
    clocks = {clock_of(partition): clock for partition in partitions or (0,)}
    return on(instance, {**own, **clocks, **series})


FEED = 'promises_feed_timestamp_seconds{feed="pos-quay"}'


def clock_of(partition: int) -> str:
    """Return the name of the watermark series of a partition."""
    return f'promises_clock_timestamp_seconds{{partition="{partition}"}}'


def on(instance: str, series: Mapping[str, Row]) -> dict[str, Row]:
    """Return the series with the labels that Prometheus adds for that worker."""
    labelled = {}
    for name, row in series.items():
        metric, _, labels = name.partition("{")
        rest = f",{labels}" if labels else "}"
        labelled[f'{metric}{{job="promises",instance="{instance}"{rest}'] = row
    return labelled


def as_input(series: Mapping[str, Row], step: Minute) -> list[dict[str, Any]]:
    """Return the series for promtool, a sample each `step`. A series that ends becomes stale, as without its target."""
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
