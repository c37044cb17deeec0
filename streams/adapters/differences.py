"""The differences between what an adapter makes of its tests and what they expect, each with rule and expression."""

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
from streams.adapters.explanation import RecordExplanation, explain, field_values, own_field_values
from streams.adapters.times import to_rfc3339

_OPTIONAL: Final = ("id", "source", "received_at")
"""Fields that are compared only if the test has them."""

_IDENTIFYING: Final = ("type", "subject", "step", "kind")
"""The fields by which an actual event is matched with the expected one."""

Values = Mapping[str, Any]
"""The values of an event by path, such as promises[0].due."""


class Difference(NamedTuple):
    """One difference. path: such as `step_reached ready: occurred_at`. cause: the rule and expression behind it."""

    path: str
    expected: str
    actual: str
    cause: str = ""

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, got {self.actual}{self.cause and f' ({self.cause})'}"


def differences(adapter: Adapter, test: AdapterTest) -> list[Difference]:
    """Return all differences between the outcome of a test and what it expects; none if it passes."""
    explanation = explain(adapter, test.opened)
    outcome = explanation.outcome
    if isinstance(outcome, Refused):
        is_expected = test.refused == outcome.reason
        return [] if is_expected else [Difference("refused", test.refused or "no", str(outcome))]
    of_outcome = [
        Difference(path, expected or "no", actual or "no")
        for path, expected, actual in (
            ("refused", test.refused, ""),
            ("ignored", test.ignored, outcome.ignored),
            ("thin", _thin(test.thin), _thin([notification._asdict() for notification in outcome.thin])),
        )
        if expected != actual
    ]
    return [*of_outcome, *_events(test.events, outcome.events, explanation)]


def _thin(entries: Any) -> str:
    return ", ".join(f"{entry.get('kind')} {entry.get('ref')}" for entry in entries)


def _events(
    expected_events: tuple[Mapping[str, Any], ...], events: tuple[Record, ...], explanation: RecordExplanation
) -> Iterator[Difference]:
    unmatched = [(event, _values(event)) for event in events]
    missing = []
    for expected in map(_expected_values, expected_events):
        candidates = [pair for pair in unmatched if _is_same_event(expected, pair[1])]
        if not candidates:
            missing.append(expected)
            continue
        nearest = min(candidates, key=lambda pair: len(_differing_paths(expected, pair[1])))
        unmatched.remove(nearest)
        event, actual = nearest
        yield from (
            _difference(path, expected, actual, event, explanation) for path in _differing_paths(expected, actual)
        )
    for expected in missing:
        yield Difference(_name(expected), "it", "no such event", _cause_of_missing(expected, explanation))
    for event, actual in unmatched:
        yield Difference(_name(actual), "no such event", "it", _rule(event, explanation))


def _expected_values(event: Mapping[str, Any]) -> Values:
    """Return the values that a test expects; the id only if the test has one."""
    expected = _values(event_from_fields({"id": "any"} | dict(event)))
    return expected if "id" in event else {path: value for path, value in expected.items() if path != "id"}


def _values(event: Record) -> Values:
    return _flattened(msgspec.to_builtins(event, builtin_types=(datetime,)))


def _is_same_event(expected: Values, actual: Values) -> bool:
    return all(expected.get(path) == actual.get(path) for path in _IDENTIFYING)


def _differing_paths(expected: Values, actual: Values) -> list[str]:
    return [
        path
        for path in dict.fromkeys([*expected, *actual])
        if expected.get(path) != actual.get(path) and (path in expected or path not in _OPTIONAL)
    ]


def _difference(
    path: str, expected: Values, actual: Values, event: Record, explanation: RecordExplanation
) -> Difference:
    output = explanation.origin_of(event)
    cause = ""
    if output:
        values = [value for value in field_values(output) if value.path == path or value.path.endswith(f".{path}")]
        detail = f"{values[-1].expression} is {short_text(values[-1].raw)}" if values else "which does not say it"
        cause = f"rule {output.rule.name!r}, {detail}"
    return Difference(
        path=f"{_name(expected)}: {path}",
        expected=short_text(expected.get(path)),
        actual=short_text(actual.get(path)),
        cause=cause,
    )


def _rule(event: Record, explanation: RecordExplanation) -> str:
    output = explanation.origin_of(event)
    return f"rule {output.rule.name!r}" if output else ""


def _cause_of_missing(expected: Values, explanation: RecordExplanation) -> str:
    """Return the rule that builds such events, and the expression that gave no time for this record."""
    for output in explanation.outputs:
        if output.record is None and output.template.type == expected["type"]:
            times = [value for value in field_values(output) if value.path.endswith("occurred_at")]
            steps = [value.value for value in own_field_values(output) if value.path.endswith(".step")]
            if times and expected.get("step") in (None, *steps):
                return f"rule {output.rule.name!r}, {times[-1].expression} is nothing"
    return ""


def _name(values: Values) -> str:
    return " ".join(str(values[path]) for path in ("type", "step", "kind", "subject") if values.get(path))


def _flattened(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, Mapping):
        parts = [_flattened(entry, f"{path}.{key}" if path else key) for key, entry in value.items()]
    elif isinstance(value, list):
        parts = [_flattened(entry, f"{path}[{number}]") for number, entry in enumerate(value)]
    else:
        return {path: to_rfc3339(value) if isinstance(value, datetime) else value}
    return {path: entry for part in parts for path, entry in part.items()}
