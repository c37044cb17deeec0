"""Compares what was found with what must be there, and says the first differences in words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from streams.metrics.scrape import Scrape
from streams.records import KafkaRecord
from tests.chaos.fleet import clocks
from tests.chaos.reducer import Expected
from tests.chaos.said import normal

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
"""Every metric that the second opinion has a value for, with its labels."""


def metrics(pages: Sequence[Scrape], truth: Expected) -> list[str]:
    """Differences between the metrics of all workers, added up, and the truth."""
    found: list[str] = []
    for name, axes in AXES.items():
        shown: Counter[tuple[str, ...]] = Counter()
        for page in pages:
            shown.update({labels: int(value) for labels, value in page.by(name, *axes).items()})
        found += _unequal(f"{name} by {', '.join(axes) or 'nothing'}", truth.metrics.get(name, Counter()), +shown)
    return found


def owners(pages: Sequence[Scrape], truth: Expected) -> list[str]:
    """Partitions that no worker shows or several do, and those whose clock is wrong."""
    shown: dict[int, list[int]] = {}
    for page in pages:
        for partition, clock in clocks(page).items():
            shown.setdefault(partition, []).append(clock)
    return _unequal("clocks by partition", {number: [clock] for number, clock in truth.clocks.items()}, shown)


def records(topic: str, held: Iterable[KafkaRecord], expected: Mapping[str, dict[str, Any]]) -> list[str]:
    """Differences between a topic and the records that must be in it, each once, by id."""
    times: Counter[str] = Counter()
    wrong: dict[str, Any] = {}
    places: dict[str, list[str]] = {}
    for one in held:
        said = normal(one.value)
        times[said.get("id", "no id")] += 1
        places.setdefault(said.get("id", "no id"), []).append(f"{one.partition}/{one.offset}")
        if said != expected.get(said.get("id", "no id"), said):
            wrong[said["id"]] = said
    twice = {name: ", ".join(places[name]) for name, number in times.items() if number > 1}
    return [
        *listed(f"{topic}: ids that are there more than once, with partition/offset", twice),
        *listed(f"{topic}: missing", {name: _short(expected[name]) for name in expected.keys() - times.keys()}),
        *listed(f"{topic}: not expected", {name: places[name][0] for name in times.keys() - expected.keys()}),
        *listed(f"{topic}: wrong", {name: _both(expected[name], said) for name, said in wrong.items()}),
    ]


def rejects(held: Iterable[KafkaRecord], expected: set[tuple[int, int]]) -> list[str]:
    """Differences between promise.rejects and the records that must have been refused, each once."""
    times = Counter((int(told["partition"]), int(told["offset"])) for told in (dict(one.headers) for one in held))
    return _unequal("promise.rejects by partition and offset", dict.fromkeys(expected, 1), times)


def _unequal(what: str, expected: Mapping[Any, Any], found: Mapping[Any, Any]) -> list[str]:
    keys = [key for key in expected.keys() | found.keys() if expected.get(key, 0) != found.get(key, 0)]
    return listed(
        f"{what}: wrong", {key: f"expected {expected.get(key, 0)}, found {found.get(key, 0)}" for key in keys}
    )


def listed(what: str, differences: Mapping[Any, str]) -> list[str]:
    """How many differences there are, and the first of them; nothing if there are none."""
    if not differences:
        return []
    first = [f"    {key}: {differences[key]}" for key in sorted(differences)[:_SHOWN]]
    return ["\n".join([f"{what}: {len(differences)}", *first])]


def _short(record: Mapping[str, Any]) -> str:
    return json.dumps(record)


def _both(expected: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    names = [name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)]
    return "; ".join(f"{name}: expected {expected.get(name)}, found {found.get(name)}" for name in sorted(names))
