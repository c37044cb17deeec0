"""Three hours of two workers, as Prometheus would have scraped them; half an hour before the end a partition moves.

Leeds keeps less and less in the last hour, York is well, Hull is closed: nothing falls due there. Every partition holds
a slice of everything, and whatever a worker exports is the sum over the partitions that it owns. For 45 seconds nobody
owns the partition that moves. All counts grow by steady paces, so that the expected answer to a query can be computed
without Prometheus.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from schemas.events import TAGS
from schemas.reading import REFUSAL_REASONS
from schemas.words import BASES, RULINGS, VERDICTS
from streams.metrics import catalogue as metrics
from streams.metrics.catalogue import FEED
from streams.metrics.exposition import COMMIT_BOUNDS
from streams.state.rows import LATENESS_BOUNDS, ROW_VERDICTS
from streams.state.windows import WIDTHS

LOCATIONS: Final = ("hull", "leeds", "york north")
KINDS: Final = ("ready", "delivered")
OBJECTIVES: Final = (0.9, 0.9, 0.9, 0.85, 0.9, 0.95)
"""Shops by location and kind."""

STAFF: Final = ("kim", "ola")
PARTITIONS: Final = (0, 1, 2)
MINUTES: Final = 180
MOVES: Final = 150.0
STEP: Final = 0.5
"""The scrape interval in minutes."""

DAY_BEFORE: Final = -1330.0
"""The start of 70 minutes of scrapes on the day before. From their end to minute 0, Prometheus was down."""

PAST: Final = 10_000.0
"""The minutes for which every partition had counted before."""

Labels = dict[str, str]
Level = Callable[[int, float], float]
"""A value of a partition at a minute."""


class Exported(NamedTuple):
    """One series of a partition. level: its value at a minute."""

    name: str
    labels: Labels
    level: Level


def owned(worker: str, minute: float) -> tuple[int, ...]:
    """Return the partitions of a worker: b takes 1 over from a."""
    if worker == "a":
        return (0, 1) if minute < MOVES else (0,)
    return (1, 2) if minute > MOVES + 0.75 else (2,)


def pace(labels: Labels) -> float:
    """Return the counts of a partition per minute."""
    of_verdict = {"kept": 0.5, "broken": 0.05, "excluded": 0.01, "open": 0.0}[labels.get("verdict", "kept")]
    common = labels.get("reason", "on_time") in ("on_time", "late", "cancelled_by_customer", "malformed")
    return of_verdict * (1 if common else 0.2) * {"hull": 0, "leeds": 1}.get(labels.get("location", ""), 2)


def kept_share(location: str, minute: float) -> float:
    """Return the share of the last hour; that of Leeds falls to 0.7 in the end."""
    return 0.96 if location != "leeds" else min(0.95, 0.7 + (MINUTES - minute) / 240)


def _counted(name: str, labels: Labels, share: float = 1.0) -> Exported:
    per_minute = pace(labels) * share
    return Exported(name, labels, lambda _, minute: per_minute * (PAST + minute))


def _standing(name: str, labels: Labels, count: float) -> Exported:
    return Exported(name, labels, lambda _, minute: count)


def _rows() -> Iterator[Labels]:
    yield from ({"location": location, "kind": kind} for location in LOCATIONS for kind in KINDS)


def _judged() -> Iterator[Labels]:
    yield from (row | {"basis": basis} for row in _rows() for basis in BASES)


def _states() -> Iterator[Exported]:
    for row in _judged():
        for verdict, reason in RULINGS:
            labels = row | {"verdict": verdict, "reason": reason}
            still = {"pending": 6.0, "at_risk": 2.0, "unconfirmed": 1.0}.get(reason)
            yield _standing(metrics.STATE.name, labels, still) if still else _counted(metrics.STATE.name, labels)
        for person in STAFF:
            for verdict in VERDICTS:
                labels = row | {"staff": person, "verdict": verdict}
                is_open = verdict == "open"
                name = metrics.STAFF_STATE.name
                yield _standing(name, labels, 4.0) if is_open else _counted(name, labels, 0.5)


def _verdicts() -> Iterator[Exported]:
    yield from (_counted(metrics.MADE.name, row) for row in _rows())
    for row in _judged():
        settled = [verdict for verdict in VERDICTS if verdict != "open"]
        yield from (_counted(metrics.VERDICTS.name, row | {"verdict": verdict}) for verdict in settled)
        ways = [(before, after) for before in ROW_VERDICTS for after in ROW_VERDICTS if before != after]
        yield from (_counted(metrics.REVISED.name, row | {"from": one, "to": other}, 0.02) for one, other in ways)
        bounds = [*(f"{bound:.1f}" for bound in LATENESS_BOUNDS), "+Inf"]
        for place, bound in enumerate(bounds, start=1):
            yield _counted(f"{metrics.LATENESS.name}_bucket", row | {"le": bound}, place / len(bounds))
        yield _counted(f"{metrics.LATENESS.name}_count", row)


def _kept(location: str, due: float) -> Level:
    return lambda _, minute: due * kept_share(location, minute)


def _windows() -> Iterator[Exported]:
    for row in _judged():
        for window, minutes in WIDTHS.items():
            due = 0.0 if row["location"] == "hull" else minutes / 2.0
            labels = row | {"window": window}
            yield _standing(metrics.WINDOW_DUE.name, labels, due)
            yield Exported(metrics.WINDOW_KEPT.name, labels, _kept(row["location"], due))


def _pipeline() -> Iterator[Exported]:
    yield from (_counted(metrics.EVENTS.name, {"type": kind}) for kind in TAGS.values())
    yield _counted(metrics.DUPLICATES.name, {}, 0.1)
    yield from (_counted(metrics.REJECTS.name, {"reason": reason}, 0.02) for reason in REFUSAL_REASONS)


def partition_series() -> list[Exported]:
    """Return all series that workers sum over their partitions."""
    return [*_states(), *_verdicts(), *_windows(), *_pipeline()]


def scraped(start: float) -> Iterator[tuple[str, Labels, float, float]]:
    """Yield every sample: name, labels, value, and seconds since 1970. start: of the three hours."""
    minutes = [DAY_BEFORE + place * STEP for place in range(int(70 / STEP) + 1)]
    minutes += [place * STEP for place in range(int(MINUTES / STEP) + 1)]
    for worker in ("a", "b"):
        target = {"instance": worker, "job": "promises"}
        for one in partition_series():
            for minute in minutes:
                level = sum(one.level(partition, minute) for partition in owned(worker, minute))
                yield one.name, one.labels | target, level, start + 60 * minute
        yield from _of_the_process(target, minutes, start)
    yield from _of_prometheus(minutes, start)


def _of_the_process(target: Labels, minutes: list[float], start: float) -> Iterator[tuple[str, Labels, float, float]]:
    bounds = [*map(str, COMMIT_BOUNDS), "+Inf"]
    for minute in minutes:
        at = start + 60 * minute
        yield metrics.READY.name, target, 1, at
        yield FEED.name, target | {"feed": "tills"}, at - 20, at
        for partition in owned(target["instance"], minute):
            yield metrics.CLOCK.name, target | {"partition": str(partition)}, at - 3 * (partition + 1), at
        for place, bound in enumerate(bounds, start=1):
            yield (
                f"{metrics.COMMIT.name}_bucket",
                target | {"le": bound},
                60 * (PAST + minute) * place / len(bounds),
                at,
            )
        yield f"{metrics.COMMIT.name}_count", target, 60 * (PAST + minute), at
        yield f"{metrics.COMMIT.name}_sum", target, 0.6 * (PAST + minute), at
        yield "scrape_duration_seconds", target, 0.012 + 0.001 * (minute % 5), at
        yield "scrape_samples_scraped", target, 1234, at


def _of_prometheus(minutes: list[float], start: float) -> Iterator[tuple[str, Labels, float, float]]:
    alert = {"alertname": "PromisesBurningFast", "severity": "critical", "location": "leeds", "kind": "ready"}
    for minute in minutes:
        at = start + 60 * minute
        for row, objective in zip(_rows(), OBJECTIVES, strict=True):
            yield "location_kind:promises_objective:ratio", row, objective, at
        yield "location:promises_location:info", {"location": "leeds", "display_name": "Leeds, Briggate"}, 1, at
        if minute > MINUTES - 20:
            yield "ALERTS", alert | {"alertstate": "firing"}, 1, at


def open_metrics(start: float) -> str:
    """Return all samples in the format of `promtool tsdb create-blocks-from openmetrics`."""
    lines = []
    for name, labels, value, at in scraped(start):
        inside = ",".join(f'{label}="{text}"' for label, text in labels.items())
        lines.append(f"{name}{{{inside}}} {value!r} {at:.3f}")
    return "\n".join([*lines, "# EOF\n"])
