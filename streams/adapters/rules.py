"""One rule of an adapter: what it fits, and what it says of a record that it fits."""

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

Outside = Mapping[str, Any]
"""Fields that the way of a record knows, not the record: source, received_at."""


class EventTemplate:
    """An event as a rule says it. place: in the rule. fields: its own, over those that all events of the rule have."""

    def __init__(self, type: str, path: str, fields: Mapping[str, Field]) -> None:
        self.type = type
        self.path = path
        self.fields = fields
        self._at = fields["occurred_at"].read if "occurred_at" in fields else None
        self._reads = reads_of({key: one for key, one in fields.items() if key != "occurred_at"})

    def event(self, scope: Scope, common: Mapping[str, Any], outside: Outside) -> Record | None:
        """The event, if it has happened: one that has no time has not. common: the fields of all events of the rule.

        Raises FieldFailed and Refused.
        """
        at = self._at(scope) if self._at else common.get("occurred_at")
        if at is None:
            return None
        fields = {**common, "occurred_at": at}
        for key, read in self._reads:
            value = read(scope)
            if value is None:
                fields.pop(key, None)
            else:
                fields[key] = value
        fields.update(outside)
        return event(self.type, fields)


class RuleOutput(NamedTuple):
    """An event, or None where it has not happened; and where it came from."""

    record: Record | None
    rule: Rule
    template: EventTemplate
    scope: Scope

    def field_values(self) -> list[FieldValue]:
        """How each field of its own came about."""
        return [field_values for one in self.template.fields.values() for field_values in one.field_values(self.scope)]


class Rule:
    """A rule, ready to use. ignore: why such a record is nobody's business; empty where it is somebody's."""

    def __init__(
        self,
        name: str,
        when: Condition | None,
        each: Expression | None,
        lets: Mapping[str, Expression],
        ignore: str,
        thin: Mapping[str, Field],
        common: Mapping[str, Field],
        says: tuple[EventTemplate, ...],
    ) -> None:
        self.name = name
        self.ignore = ignore
        self.thin = thin
        self._when = when
        self._each = each
        self._lets = lets
        self._common = common
        self._reads = reads_of(common)
        self._says = says

    def fits(self, scope: Scope) -> list[Scope]:
        """What of a record this rule speaks of: its items, or all of it; nothing where the rule does not fit.

        Raises Refused.
        """
        try:
            if self._when is not None and (self._when.fails_at_once(scope.item) or not self._when.holds(scope)):
                return []
            if self._each is None:
                return [scope.within(scope.item, self._lets) if self._lets else scope]
            items = _items(self._each.read(scope))
        except ExpressionFailed as error:
            raise Refused(error.reason, f"rule {self.name!r}: {error}") from None
        return [scope.within(item, self._lets) for item in items]

    def why_not(self, scope: Scope) -> Mismatch:
        """Why it does not fit, where it does not."""
        if self._when is not None and not self._when.holds(scope):
            return self._when.why_not(scope)
        return Mismatch(f"{self._each.text if self._each else 'the record'} is nothing", "")

    def make(self, scopes: list[Scope], outside: Outside, made: list[RuleOutput]) -> None:
        """Add its events to those that were `made`. Raises Refused."""
        for scope in scopes if self._says else ():
            try:
                common = {key: value for key, read in self._reads if (value := read(scope)) is not None}
                for template in self._says:
                    made.append(RuleOutput(template.event(scope, common, outside), self, template, scope))
            except FieldFailed as failed:
                raise failed.refused(self.name) from None
            except Refused as refused:
                raise Refused(refused.reason, f"rule {self.name!r}: {refused.detail}") from None

    def field_values(self, scope: Scope) -> list[FieldValue]:
        """How the fields of all its events came about. Raises FieldFailed."""
        return [field_values for one in self._common.values() for field_values in one.field_values(scope)]

    def needs(self, scopes: list[Scope]) -> Iterator[ThinNotification]:
        """What has to be fetched. Raises Refused."""
        for scope in scopes if self.thin else ():
            try:
                kind, ref = self.thin["kind"].read(scope), self.thin["ref"].read(scope)
            except FieldFailed as failed:
                raise failed.refused(self.name) from None
            if not isinstance(kind, str) or not isinstance(ref, str):
                raise Refused(
                    "bad_value", f"rule {self.name!r}: thin: kind is {short_text(kind)}, ref is {short_text(ref)}"
                )
            yield ThinNotification(kind, ref)


def _items(found: Any) -> list[Any]:
    """The items of a list; what is alone is one, because JSONata makes no list of one."""
    return found if isinstance(found, list) else [] if found is None or found == "" else [found]
