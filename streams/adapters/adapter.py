"""An adapter: all rules for the records of one vendor. It keeps no state; each record is adapted by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from msgspec.structs import replace

from schemas.events import Clock, Record
from schemas.instants import to_datetime
from schemas.reading import Refused, event_from_fields
from streams.adapters.event_builder import deduplicated
from streams.adapters.feed_records import AdaptedRecord, OpenedRecord, ThinNotification
from streams.adapters.rules import Rule, RuleOutput
from streams.adapters.scope import Binding, Scope
from streams.adapters.simple_expressions import Expression
from streams.adapters.times import to_rfc3339


class _RecordAttribute:
    """A name that is bound to an attribute of the record."""

    def __init__(self, read: Callable[[OpenedRecord], Any]) -> None:
        self._read = read

    def read(self, scope: Scope) -> Any:
        return self._read(scope.opened)


_ATTRIBUTES: Final[Mapping[str, Binding]] = {
    "record": _RecordAttribute(lambda opened: opened.body),
    "topic": _RecordAttribute(lambda opened: opened.topic),
    "key": _RecordAttribute(lambda opened: opened.key),
    "id": _RecordAttribute(lambda opened: opened.id),
    "received": _RecordAttribute(
        lambda opened: to_rfc3339(to_datetime(opened.received_at)) if opened.received_at else None
    ),
}
NAMES: Final = frozenset(_ATTRIBUTES) | {"header"}
"""The names that every expression may use with a dollar sign."""

Format = Literal["csv", "ndjson"]


class Adapter:
    """An adapter, ready to use.

    name: the name of an adapter that comes with `promises`, or the path of its file. about: one sentence. canonical:
    True if the records are canonical events already. format: the format of files of such records; None if the adapter
    does not say it. columns: the first keys of all paths that begin at the whole record; they are the columns if that
    is a row. bindings: the names that the expressions of all rules may use.
    """

    def __init__(
        self,
        *,
        name: str,
        about: str,
        canonical: bool,
        format: Format | None,
        columns: frozenset[str],
        bindings: Mapping[str, Expression],
        rules: tuple[Rule, ...],
    ) -> None:
        self.name = name
        self.about = about
        self.canonical = canonical
        self.format = format
        self.columns = columns
        self.rules = rules
        self.bindings: Mapping[str, Binding] = {**_ATTRIBUTES, **bindings}

    def adapt(self, opened: OpenedRecord, feed: str = "") -> AdaptedRecord:
        """Return the canonical events of a record of `feed`. Raises Refused."""
        if self.canonical:
            return AdaptedRecord(events=(_canonical(opened.body, feed),), rules=("canonical",))
        evaluation = RuleEvaluation(self, opened, feed)
        evaluation.run()
        events = [output.record for output in evaluation.outputs if output.record is not None]
        return evaluation.result(deduplicated(events))


class RuleEvaluation:
    """The evaluation of an adapter's rules for one record, from the first to the last.

    Every rule that matches contributes, because a snapshot holds several facts. A rule that ignores the record ends the
    evaluation; events of rules before it stand.
    """

    __slots__ = ("_adapter", "_context", "_ignored_by", "_thin", "matching", "outputs", "scope")

    def __init__(self, adapter: Adapter, opened: OpenedRecord, feed: str) -> None:
        self.scope = Scope(opened.body, opened, adapter.bindings)
        self.matching: list[Rule] = []
        self.outputs: list[RuleOutput] = []
        self._adapter = adapter
        self._thin: dict[ThinNotification, None] = {}
        self._ignored_by = ""
        self._context: dict[str, Any] = {"source": feed} if feed else {}
        if opened.received_at:
            self._context["received_at"] = to_datetime(opened.received_at)

    def run(self) -> None:
        """Build the events of every rule that matches. Raises Refused; the outputs before that remain."""
        for rule in self._adapter.rules:
            scopes = rule.match(self.scope)
            if scopes:
                self.matching.append(rule)
                if rule.thin:
                    self._thin.update(dict.fromkeys(rule.thin_notifications(scopes)))
                rule.build(scopes, self._context, self.outputs)
                if rule.ignore:
                    self._ignored_by = rule.name
                    return

    def result(self, events: tuple[Record, ...]) -> AdaptedRecord:
        """Return the adapted record with `events`. Raises Refused if no rule accounts for the record."""
        rules = tuple([rule.name for rule in self.matching])
        if events or self._thin:
            return AdaptedRecord(events=events, rules=rules, thin=tuple(self._thin))
        if self._ignored_by:
            return AdaptedRecord(rules=rules, ignored=self._ignored_by)
        raise Refused("unknown_shape", self._why_no_events())

    def _why_no_events(self) -> str:
        if self.matching:
            names = ", ".join(repr(rule.name) for rule in self.matching)
            return f"{self._adapter.name}: rule {names} fits, but none of its events has a time: nothing has happened"
        actual = dict.fromkeys(rule.mismatch(self.scope).actual for rule in self._adapter.rules)
        return f"{self._adapter.name}: no rule fits; {', '.join(actual)}"


def _canonical(body: Any, feed: str) -> Record:
    """Return the canonical event in `body`, with `feed` as its source if it has none. Raises Refused."""
    if not isinstance(body, dict):
        raise Refused("bad_value", "the record is not a JSON object")
    event = event_from_fields(body)
    return event if isinstance(event, Clock) or event.source or not feed else replace(event, source=feed)
