"""What an adapter makes of one record, and why: for who writes an adapter. What it makes is what `adapt` makes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from schemas.events import Record
from schemas.reading import Refused
from streams.adapters.adapter import Adapter, Walk
from streams.adapters.feed_records import AdaptedRecord, OpenedRecord
from streams.adapters.fields import FieldFailed, FieldValue
from streams.adapters.rules import Rule, RuleOutput
from streams.adapters.scope import Scope
from streams.adapters.simple_expressions import ExpressionFailed


class RecordExplanation(NamedTuple):
    """What became of a record. made: what each rule that fits said, happened or not. others: why those do not fit."""

    outcome: AdaptedRecord | Refused
    matching: tuple[Rule, ...]
    made: tuple[RuleOutput, ...]
    others: tuple[tuple[str, str], ...]

    def of(self, rule: Rule) -> list[RuleOutput]:
        """What that rule said."""
        return [one for one in self.made if one.rule is rule]

    def behind(self, record: Record) -> RuleOutput | None:
        """Where an event came from; None where it was canonical already."""
        return next((one for one in self.made if one.record == record), None)


def explain(adapter: Adapter, opened: OpenedRecord, feed: str = "") -> RecordExplanation:
    """What `adapter` makes of a record, refused or not, and why."""
    walk = Walk(adapter, opened, feed)
    outcome: AdaptedRecord | Refused
    with suppress(Refused):  # the outcome tells it
        walk.go()
    try:
        outcome = adapter.adapt(opened, feed)
    except Refused as refused:
        outcome = refused
    others = [(rule.name, _why_not(rule, walk)) for rule in adapter.rules if rule not in walk.matching]
    return RecordExplanation(outcome, tuple(walk.matching), tuple(walk.made), tuple(others))


def _why_not(rule: Rule, walk: Walk) -> str:
    try:
        if rule.fits(walk.scope):
            return "not looked at: the reading ended before it"
        return str(rule.why_not(walk.scope))
    except (Refused, ExpressionFailed) as error:
        return str(error)


def field_values(made: RuleOutput) -> list[FieldValue]:
    """How each field came about that an event of a rule has of its own."""
    return _as_far_as(made.field_values)


def common_field_values(rule: Rule, scope: Scope) -> list[FieldValue]:
    """How each field came about that all events of a rule have."""
    return _as_far_as(lambda: rule.field_values(scope))


def _as_far_as(tell: Callable[[], list[FieldValue]]) -> list[FieldValue]:
    try:
        return tell()
    except FieldFailed as failed:
        return [FieldValue("", str(failed), None, None)]
