"""An explanation of what an adapter does with one record, for authors of adapters. It always agrees with `adapt`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from schemas.events import Record
from schemas.reading import Refused
from streams.adapters.adapter import Adapter, RuleEvaluation
from streams.adapters.feed_records import AdaptedRecord, OpenedRecord
from streams.adapters.fields import FieldFailed, FieldValue
from streams.adapters.rules import Rule, RuleOutput
from streams.adapters.scope import Scope
from streams.adapters.simple_expressions import ExpressionFailed


class RecordExplanation(NamedTuple):
    """The outcome of one record, and how it came about.

    matching: the rules that match. outputs: their events, with those that have not happened. mismatches: the name of
    each other rule, and why it does not match.
    """

    outcome: AdaptedRecord | Refused
    matching: tuple[Rule, ...]
    outputs: tuple[RuleOutput, ...]
    mismatches: tuple[tuple[str, str], ...]

    def outputs_of(self, rule: Rule) -> list[RuleOutput]:
        """Return the outputs of one rule."""
        return [output for output in self.outputs if output.rule is rule]

    def origin_of(self, record: Record) -> RuleOutput | None:
        """Return the output that gave an event; None if the event was canonical already."""
        return next((output for output in self.outputs if output.record == record), None)


def explain(adapter: Adapter, opened: OpenedRecord, feed: str = "") -> RecordExplanation:
    """Return what `adapter` makes of a record, refused or not, and why."""
    evaluation = RuleEvaluation(adapter, opened, feed)
    outcome: AdaptedRecord | Refused
    with suppress(Refused):  # `adapt` below raises it again
        evaluation.run()
    try:
        outcome = adapter.adapt(opened, feed)
    except Refused as refused:
        outcome = refused
    return RecordExplanation(
        outcome=outcome,
        matching=tuple(evaluation.matching),
        outputs=tuple(evaluation.outputs),
        mismatches=tuple(
            (rule.name, _why_not(rule, evaluation)) for rule in adapter.rules if rule not in evaluation.matching
        ),
    )


def _why_not(rule: Rule, evaluation: RuleEvaluation) -> str:
    try:
        if rule.match(evaluation.scope):
            return "not evaluated: an earlier rule ended the evaluation"
        return str(rule.mismatch(evaluation.scope))
    except (Refused, ExpressionFailed) as error:
        return str(error)


def own_field_values(output: RuleOutput) -> list[FieldValue]:
    """Return the values of an event's own fields; the error instead if one has no value."""
    return _values_or_error(output.own_values)


def common_field_values(rule: Rule, scope: Scope) -> list[FieldValue]:
    """Return the values of the fields that all events of a rule share; the error instead if one has no value."""
    return _values_or_error(lambda: rule.common_values(scope))


def field_values(output: RuleOutput) -> list[FieldValue]:
    """Return the values of all fields of an event: those that the rule's events share, then its own."""
    return common_field_values(output.rule, output.scope) + own_field_values(output)


def _values_or_error(values: Callable[[], list[FieldValue]]) -> list[FieldValue]:
    try:
        return values()
    except FieldFailed as failed:
        return [FieldValue(path="", expression=str(failed), raw=None, value=None)]
