"""One rule of an adapter: the records that it matches, and the events that it builds from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from schemas.events import Record
from schemas.reading import Refused
from streams.adapters.conditions import Condition, Mismatch, short_text
from streams.adapters.event_builder import event
from streams.adapters.feed_records import ThinNotification
from streams.adapters.fields import Field, FieldFailed, FieldValue, reads_of
from streams.adapters.scope import Scope
from streams.adapters.simple_expressions import Expression, ExpressionFailed

ContextFields = Mapping[str, Any]
"""Fields of an event that come from the feed and not from the record: source, received_at."""


class EventTemplate:
    """An event of a rule. path: its place in the rule. fields: its own fields; they override the common ones."""

    def __init__(self, type: str, path: str, fields: Mapping[str, Field]) -> None:
        self.type = type
        self.path = path
        self.fields = fields
        self._occurred_at = fields["occurred_at"].read if "occurred_at" in fields else None
        self._reads = reads_of({key: field for key, field in fields.items() if key != "occurred_at"})

    def build(self, scope: Scope, common: Mapping[str, Any], context: ContextFields) -> Record | None:
        """Return the event; None if it has no time, because then it has not happened.

        common: the fields that all events of the rule share. Raises FieldFailed and Refused.
        """
        occurred_at = self._occurred_at(scope) if self._occurred_at else common.get("occurred_at")
        if occurred_at is None:
            return None
        fields = {**common, "occurred_at": occurred_at}
        for key, read in self._reads:
            value = read(scope)
            if value is None:
                fields.pop(key, None)
            else:
                fields[key] = value
        fields.update(context)
        return event(self.type, fields)


class RuleOutput(NamedTuple):
    """The event that a template of a rule gave, with its origin. record: None if the event has not happened."""

    record: Record | None
    rule: Rule
    template: EventTemplate
    scope: Scope

    def own_values(self) -> list[FieldValue]:
        """Return the values of the template's own fields. Raises FieldFailed."""
        return _values(self.template.fields, self.scope)

    def common_values(self) -> list[FieldValue]:
        """Return the values of the fields that all events of the rule share. Raises FieldFailed."""
        return self.rule.common_values(self.scope)


class Rule:
    """A rule, ready to use. ignore: why records that match are of no interest; empty if they are of interest."""

    def __init__(
        self,
        *,
        name: str,
        when: Condition | None,
        each: Expression | None,
        bindings: Mapping[str, Expression],
        ignore: str,
        thin: Mapping[str, Field],
        common: Mapping[str, Field],
        templates: tuple[EventTemplate, ...],
    ) -> None:
        self.name = name
        self.ignore = ignore
        self.thin = thin
        self._when = when
        self._each = each
        self._bindings = bindings
        self._common = common
        self._common_reads = reads_of(common)
        self._templates = templates

    def match(self, scope: Scope) -> list[Scope]:
        """Return the scopes of the items that the rule is about, or of the whole record; none if it does not match.

        Raises Refused.
        """
        try:
            if self._when is not None and (self._when.fails_fast(scope.item) or not self._when.holds(scope)):
                return []
            if self._each is None:
                return [scope.within(scope.item, self._bindings) if self._bindings else scope]
            items = _items(self._each.read(scope))
        except ExpressionFailed as error:
            raise Refused(error.reason, f"rule {self.name!r}: {error}") from None
        return [scope.within(item, self._bindings) for item in items]

    def mismatch(self, scope: Scope) -> Mismatch:
        """Return why the rule does not match. Call it only for a record that the rule does not match."""
        if self._when is not None and not self._when.holds(scope):
            return self._when.mismatch(scope)
        return Mismatch(f"{self._each.text if self._each else 'the record'} is nothing", "")

    def build(self, scopes: list[Scope], context: ContextFields, outputs: list[RuleOutput]) -> None:
        """Append the events of the rule to `outputs`. Raises Refused."""
        for scope in scopes if self._templates else ():
            try:
                common = {key: value for key, read in self._common_reads if (value := read(scope)) is not None}
                for template in self._templates:
                    outputs.append(
                        RuleOutput(
                            record=template.build(scope, common, context), rule=self, template=template, scope=scope
                        )
                    )
            except FieldFailed as failed:
                raise failed.refused(self.name) from None
            except Refused as refused:
                raise Refused(refused.reason, f"rule {self.name!r}: {refused.detail}") from None

    def common_values(self, scope: Scope) -> list[FieldValue]:
        """Return the values of the fields that all events of the rule share. Raises FieldFailed."""
        return _values(self._common, scope)

    def thin_notifications(self, scopes: list[Scope]) -> Iterator[ThinNotification]:
        """Yield what has to be fetched. Raises Refused."""
        for scope in scopes if self.thin else ():
            try:
                kind, ref = self.thin["kind"].read(scope), self.thin["ref"].read(scope)
            except FieldFailed as failed:
                raise failed.refused(self.name) from None
            if not isinstance(kind, str) or not isinstance(ref, str):
                detail = f"thin: kind is {short_text(kind)}, ref is {short_text(ref)}"
                raise Refused("bad_value", f"rule {self.name!r}: {detail}")
            yield ThinNotification(kind, ref)


def _values(fields: Mapping[str, Field], scope: Scope) -> list[FieldValue]:
    return [value for field in fields.values() for value in field.values(scope)]


def _items(value: Any) -> list[Any]:
    """Return the items of a list. Any other value is its only item, because JSONata does not keep lists of one."""
    return value if isinstance(value, list) else [] if value is None or value == "" else [value]
