"""What an adapter makes of its tests, held against what they want; each difference is told with rule and expression."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from schemas.events import Record
from schemas.reading import Refused, event_from_fields
from streams.adapters.adapter import Adapter
from streams.adapters.adapter_tests import AdapterTest
from streams.adapters.conditions import short_text
from streams.adapters.explanation import RecordExplanation, common_field_values, explain, field_values
from streams.adapters.times import to_rfc3339

_BY_THE_WAY: Final = ("id", "source", "received_at")
"""Fields that are looked at only where a test has them."""

_LIKE: Final = ("type", "subject", "step", "kind")
"""By these an event is known again, though the rest of it differ."""


class Difference(NamedTuple):
    """What differs. place: such as `step_reached ready: occurred_at`. because: rule and expression behind what came."""

    place: str
    expected: str
    got: str
    because: str

    def __str__(self) -> str:
        return f"{self.place}: expected {self.expected}, got {self.got}{self.because and f' ({self.because})'}"


def differences(adapter: Adapter, test: AdapterTest) -> list[Difference]:
    """What `adapter` makes otherwise than `test` wants it; none where it passes."""
    explanation = explain(adapter, test.opened)
    outcome = explanation.outcome
    if isinstance(outcome, Refused):
        is_wanted = test.refused == outcome.reason
        return [] if is_wanted else [Difference("refused", test.refused or "no", str(outcome), "")]
    found = [
        Difference(place, expected or "no", got or "no", "")
        for place, expected, got in (
            ("refused", test.refused, ""),
            ("ignored", test.ignored, outcome.ignored),
            ("thin", _thin(test.thin), _thin([one._asdict() for one in outcome.thin])),
        )
        if expected != got
    ]
    return [*found, *_events(test.events, outcome.events, explanation)]


def _thin(entries: Any) -> str:
    return ", ".join(f"{entry.get('kind')} {entry.get('ref')}" for entry in entries)


def _events(
    expected: tuple[Mapping[str, Any], ...], events: tuple[Record, ...], explanation: RecordExplanation
) -> Iterator[Difference]:
    left = [(event, _said(event)) for event in events]
    missing = []
    for want in map(_wanted, expected):
        like = [pair for pair in left if _is_like(want, pair[1])]
        if not like:
            missing.append(want)
            continue
        nearest = min(like, key=lambda pair: len(_places(want, pair[1])))
        left.remove(nearest)
        yield from (_difference(place, want, nearest, explanation) for place in _places(want, nearest[1]))
    yield from (Difference(_name(want), "it", "no such event", _silent(want, explanation)) for want in missing)
    yield from (Difference(_name(got), "no such event", "it", _rule(event, explanation)) for event, got in left)


def _wanted(event: Mapping[str, Any]) -> dict[str, Any]:
    """What a test says of an event; its id only where the test has one."""
    wanted = _said(event_from_fields({"id": "any"} | dict(event)))
    return wanted if "id" in event else {place: value for place, value in wanted.items() if place != "id"}


def _said(event: Record) -> dict[str, Any]:
    return _flat(msgspec.to_builtins(event, builtin_types=(datetime,)))


def _is_like(want: Mapping[str, Any], got: Mapping[str, Any]) -> bool:
    return all(want.get(place) == got.get(place) for place in _LIKE)


def _places(want: Mapping[str, Any], got: Mapping[str, Any]) -> list[str]:
    """Where the two differ."""
    return [
        place
        for place in dict.fromkeys([*want, *got])
        if want.get(place) != got.get(place) and (place in want or place not in _BY_THE_WAY)
    ]


def _difference(
    place: str, want: Mapping[str, Any], pair: tuple[Record, Mapping[str, Any]], explanation: RecordExplanation
) -> Difference:
    event, got = pair
    made = explanation.behind(event)
    because = ""
    if made:
        fields = common_field_values(made.rule, made.scope) + field_values(made)
        said = [one for one in fields if one.path == place or one.path.endswith(f".{place}")]
        why = f"{said[-1].expression} is {short_text(said[-1].raw)}" if said else "which does not say it"
        because = f"rule {made.rule.name!r}, {why}"
    return Difference(f"{_name(want)}: {place}", short_text(want.get(place)), short_text(got.get(place)), because)


def _rule(event: Record, explanation: RecordExplanation) -> str:
    made = explanation.behind(event)
    return f"rule {made.rule.name!r}" if made else ""


def _silent(want: Mapping[str, Any], explanation: RecordExplanation) -> str:
    """The rule that says such events, but not of this record."""
    for made in explanation.made:
        if made.record is None and made.template.type == want["type"]:
            times = [
                one
                for one in common_field_values(made.rule, made.scope) + field_values(made)
                if one.path.endswith("occurred_at")
            ]
            steps = [one.value for one in field_values(made) if one.path.endswith(".step")]
            if times and want.get("step") in (None, *steps):
                return f"rule {made.rule.name!r}, {times[-1].expression} is nothing"
    return ""


def _name(flat: Mapping[str, Any]) -> str:
    return " ".join(str(flat[place]) for place in ("type", "step", "kind", "subject") if flat.get(place))


def _flat(value: Any, place: str = "") -> dict[str, Any]:
    """Values by their place, such as promises[0].due."""
    if isinstance(value, Mapping):
        inner = [_flat(entry, f"{place}.{key}" if place else key) for key, entry in value.items()]
    elif isinstance(value, list):
        inner = [_flat(entry, f"{place}[{number}]") for number, entry in enumerate(value)]
    else:
        return {place: to_rfc3339(value) if isinstance(value, datetime) else value}
    return {key: entry for one in inner for key, entry in one.items()}
