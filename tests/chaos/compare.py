"""The comparison of actual and expected results. It describes the first differences."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from streams.metrics.scrape import Scrape
from streams.records import KafkaRecord
from tests.chaos.fleet import clocks
from tests.chaos.normalize import normal
from tests.chaos.reducer import Expected

_SHOWN: Final = 5
_ROW: Final = ("location", "kind", "basis")
AXES: Final = {
    "promises_state": (*_ROW, "verdict", "reason"),
    "staff_promises_state": ("location", "staff", "kind", "basis", "verdict"),
    "promises_made_total": ("location", "kind"),
    "promises_verdicts_total": (*_ROW, "verdict"),
    "promises_revised_total": (*_ROW, "from", "to"),
    "promises_lateness_seconds_bucket": (*_ROW, "le"),
    "promises_window_kept": (*_ROW, "window"),
    "promises_window_due": (*_ROW, "window"),
    "promises_events_total": ("type",),
    "promises_duplicates_total": (),
    "promises_rejects_total": ("reason",),
}
"""Every metric that the reducer computes, with its labels."""


def metrics(pages: Sequence[Scrape], truth: Expected) -> list[str]:
    """Return the differences between the metrics of all workers, added up, and the expected ones."""
    differences: list[str] = []
    for name, axes in AXES.items():
        total: Counter[tuple[str, ...]] = Counter()
        for page in pages:
            total.update({labels: int(value) for labels, value in page.by(name, *axes).items()})
        differences += _unequal(f"{name} by {', '.join(axes) or 'nothing'}", truth.metrics.get(name, Counter()), +total)
    return differences


def owners(pages: Sequence[Scrape], truth: Expected) -> list[str]:
    """Return the partitions that no worker or several workers show, and those with a wrong watermark."""
    total: dict[int, list[int]] = {}
    for page in pages:
        for partition, clock in clocks(page).items():
            total.setdefault(partition, []).append(clock)
    return _unequal("clocks by partition", {number: [clock] for number, clock in truth.clocks.items()}, total)


def records(topic: str, actual: Iterable[KafkaRecord], expected: Mapping[str, dict[str, Any]]) -> list[str]:
    """Return the differences between a topic and the expected records, each once, by id."""
    times: Counter[str] = Counter()
    wrong: dict[str, Any] = {}
    positions: dict[str, list[str]] = {}
    for record in actual:
        content = normal(record.value)
        times[content.get("id", "no id")] += 1
        positions.setdefault(content.get("id", "no id"), []).append(f"{record.partition}/{record.offset}")
        if content != expected.get(content.get("id", "no id"), content):
            wrong[content["id"]] = content
    repeated = {name: ", ".join(positions[name]) for name, number in times.items() if number > 1}
    return [
        *describe_differences(f"{topic}: ids that are there more than once, with partition/offset", repeated),
        *describe_differences(
            f"{topic}: missing", {name: _short(expected[name]) for name in expected.keys() - times.keys()}
        ),
        *describe_differences(
            f"{topic}: not expected", {name: positions[name][0] for name in times.keys() - expected.keys()}
        ),
        *describe_differences(
            f"{topic}: wrong", {name: _both(expected[name], content) for name, content in wrong.items()}
        ),
    ]


def rejects(actual: Iterable[KafkaRecord], expected: set[tuple[int, int]]) -> list[str]:
    """Return the differences between promise.rejects and the records that had to be refused, each once."""
    times = Counter(
        (int(headers["partition"]), int(headers["offset"])) for headers in (dict(record.headers) for record in actual)
    )
    return _unequal("promise.rejects by partition and offset", dict.fromkeys(expected, 1), times)


def _unequal(label: str, expected: Mapping[Any, Any], actual: Mapping[Any, Any]) -> list[str]:
    keys = [key for key in expected.keys() | actual.keys() if expected.get(key, 0) != actual.get(key, 0)]
    return describe_differences(
        f"{label}: wrong", {key: f"expected {expected.get(key, 0)}, found {actual.get(key, 0)}" for key in keys}
    )


def describe_differences(label: str, differences: Mapping[Any, str]) -> list[str]:
    """Return the number of differences with the first of them; an empty list if there are none."""
    if not differences:
        return []
    first = [f"    {key}: {differences[key]}" for key in sorted(differences)[:_SHOWN]]
    return ["\n".join([f"{label}: {len(differences)}", *first])]


def _short(record: Mapping[str, Any]) -> str:
    return json.dumps(record)


def _both(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> str:
    names = [name for name in expected.keys() | actual.keys() if expected.get(name) != actual.get(name)]
    return "; ".join(f"{name}: expected {expected.get(name)}, found {actual.get(name)}" for name in sorted(names))
