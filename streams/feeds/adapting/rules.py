"""One rule of an adapter: what it fits, and what it says of a record that it fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from schemas.events import Record
from schemas.reading import Refused
from streams.feeds.adapting.conditions import Condition, WhyNot, shown
from streams.feeds.adapting.events import event
from streams.feeds.adapting.expressions import Expression, ExpressionFailed
from streams.feeds.adapting.fields import Field, FieldFailed, Told
from streams.feeds.adapting.scope import Scope
from streams.feeds.deliveries import Thin

Outside = Mapping[str, Any]
"""Fields that the way of a record knows, not the record: source, received_at."""


class Saying(NamedTuple):
    """An event as a rule says it. fields: its own, over those that all events of the rule have."""

    type: str
    fields: Mapping[str, Field]


class Made(NamedTuple):
    """An event, or None where it has not happened; and where it came from."""

    record: Record | None
    rule: Rule
    saying: Saying
    scope: Scope

    def told(self) -> list[Told]:
        """How each field came about."""
        fields = {**self.rule.common, **self.saying.fields}
        return [told for one in fields.values() for told in one.told(self.scope)]


class Rule(NamedTuple):
    """A rule, ready to use. ignore: why such a record is nobody's business; empty where it is somebody's."""

    name: str
    when: Condition | None
    each: Expression | None
    lets: Mapping[str, Expression]
    ignore: str
    thin: Mapping[str, Field]
    common: Mapping[str, Field]
    says: tuple[Saying, ...]

    def fits(self, scope: Scope) -> list[Scope]:
        """What of a record this rule speaks of: its items, or all of it; nothing where the rule does not fit.

        Raises Refused.
        """
        try:
            if self.when is not None and not self.when.holds(scope):
                return []
            items = [scope.item] if self.each is None else _items(self.each.read(scope))
        except ExpressionFailed as error:
            raise Refused("bad_value", f"rule {self.name!r}: {error}") from None
        return [scope.within(item, self.lets) for item in items]

    def why_not(self, scope: Scope) -> WhyNot:
        """Why it does not fit, where it does not."""
        if self.when is not None and not self.when.holds(scope):
            return self.when.why_not(scope)
        return WhyNot(f"{self.each.text if self.each else 'the record'} is nothing", "something")

    def made(self, scopes: list[Scope], outside: Outside) -> Iterator[Made]:
        """Its events. Raises Refused."""
        for scope in scopes:
            try:
                common = {key: value for key, one in self.common.items() if (value := one.read(scope)) is not None}
                for saying in self.says:
                    yield Made(_event(saying, common, scope, outside), self, saying, scope)
            except FieldFailed as failed:
                raise failed.refused(self.name) from None
            except Refused as refused:
                raise Refused(refused.reason, f"rule {self.name!r}: {refused.detail}") from None

    def needs(self, scopes: list[Scope]) -> Iterator[Thin]:
        """What has to be fetched. Raises Refused."""
        for scope in scopes if self.thin else ():
            try:
                kind, ref = self.thin["kind"].read(scope), self.thin["ref"].read(scope)
            except FieldFailed as failed:
                raise failed.refused(self.name) from None
            if not isinstance(kind, str) or not isinstance(ref, str):
                raise Refused("bad_value", f"rule {self.name!r}: thin: kind is {shown(kind)}, ref is {shown(ref)}")
            yield Thin(kind, ref)


def _items(found: Any) -> list[Any]:
    """The items of a list; what is alone is one, because JSONata makes no list of one."""
    return found if isinstance(found, list) else [] if found is None or found == "" else [found]


def _event(saying: Saying, common: Mapping[str, Any], scope: Scope, outside: Outside) -> Record | None:
    """The event, if it has happened: one that has no time has not."""
    fields = {**common}
    for key, one in saying.fields.items():
        value = one.read(scope)
        if value is None:
            fields.pop(key, None)
        else:
            fields[key] = value
    if "occurred_at" not in fields:
        return None
    fields.update(outside)
    return event(saying.type, fields)
