"""An adapter: all rules for the records of one vendor. It knows nothing of the records before: each is read alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from msgspec.structs import replace

from schemas.events import Clock, Record
from schemas.instants import to_datetime
from schemas.reading import Refused, event_from_fields
from streams.adapters.event_builder import each_once
from streams.adapters.feed_records import AdaptedRecord, OpenedRecord, ThinNotification
from streams.adapters.rules import Rule, RuleOutput
from streams.adapters.scope import Readable, Scope
from streams.adapters.simple_expressions import Expression
from streams.adapters.times import to_rfc3339


class _Way:
    """A name for something that the way of a record knows."""

    def __init__(self, of: Callable[[OpenedRecord], Any]) -> None:
        self._of = of

    def read(self, scope: Scope) -> Any:
        return self._of(scope.opened)


_WAY: Final[Mapping[str, Readable]] = {
    "record": _Way(lambda opened: opened.body),
    "topic": _Way(lambda opened: opened.topic),
    "key": _Way(lambda opened: opened.key),
    "id": _Way(lambda opened: opened.id),
    "received": _Way(lambda opened: to_rfc3339(to_datetime(opened.received_at)) if opened.received_at else None),
}
NAMES: Final = frozenset(_WAY) | {"header"}
"""What every expression may ask for with a dollar sign."""

Format = Literal["csv", "ndjson"]


class Adapter:
    """An adapter, ready to use.

    name: of one that comes with `promises`, or its file. about: one sentence. canonical: whether records are canonical
    events already. format: of files of such records, if the adapter says it. columns: the first keys of all paths that
    begin at the whole record, which are columns where that is a row.
    """

    def __init__(
        self,
        name: str,
        about: str,
        canonical: bool,
        format: Format | None,
        columns: frozenset[str],
        lets: Mapping[str, Expression],
        rules: tuple[Rule, ...],
    ) -> None:
        self.name = name
        self.about = about
        self.canonical = canonical
        self.format = format
        self.columns = columns
        self.rules = rules
        self.lets: Mapping[str, Readable] = {**_WAY, **lets}

    def adapt(self, opened: OpenedRecord, feed: str = "") -> AdaptedRecord:
        """What a record of `feed` becomes. Raises Refused."""
        if self.canonical:
            return AdaptedRecord((_canonical(opened.body, feed),), ("canonical",))
        walk = Walk(self, opened, feed)
        walk.go()
        return walk.adapted(each_once([made.record for made in walk.made if made.record is not None]))


class Walk:
    """One record on its way through the rules of an adapter, from the top.

    All that fit speak, because a snapshot has several things to say. One that ignores ends the reading: what was said
    before it stands.
    """

    __slots__ = ("_adapter", "_ignored", "_outside", "_thin", "made", "matching", "scope")

    def __init__(self, adapter: Adapter, opened: OpenedRecord, feed: str) -> None:
        self.scope = Scope(opened.body, opened, adapter.lets)
        self.matching: list[Rule] = []
        self.made: list[RuleOutput] = []
        self._adapter = adapter
        self._thin: dict[ThinNotification, None] = {}
        self._ignored = ""
        self._outside: dict[str, Any] = {"source": feed} if feed else {}
        if opened.received_at:
            self._outside["received_at"] = to_datetime(opened.received_at)

    def go(self) -> None:
        """Make every event of every rule that fits. Raises Refused; what was made before that is there."""
        for rule in self._adapter.rules:
            scopes = rule.fits(self.scope)
            if scopes:
                self.matching.append(rule)
                if rule.thin:
                    self._thin.update(dict.fromkeys(rule.needs(scopes)))
                rule.make(scopes, self._outside, self.made)
                if rule.ignore:
                    self._ignored = rule.name
                    return

    def adapted(self, events: tuple[Record, ...]) -> AdaptedRecord:
        """What became of the record, once all events were made. Raises Refused."""
        rules = tuple([rule.name for rule in self.matching])
        if events or self._thin:
            return AdaptedRecord(events, rules, "", tuple(self._thin))
        if self._ignored:
            return AdaptedRecord((), rules, self._ignored)
        raise Refused("unknown_shape", self._why_nothing())

    def _why_nothing(self) -> str:
        if self.matching:
            names = ", ".join(repr(rule.name) for rule in self.matching)
            return f"{self._adapter.name}: rule {names} fits, but none of its events has a time: nothing has happened"
        looked_at = dict.fromkeys(rule.why_not(self.scope).found for rule in self._adapter.rules)
        return f"{self._adapter.name}: no rule fits; {', '.join(looked_at)}"


def _canonical(body: Any, feed: str) -> Record:
    """A record that is a canonical event, from `feed` where it does not say so itself. Raises Refused."""
    if not isinstance(body, dict):
        raise Refused("bad_value", "the record is no JSON object")
    event = event_from_fields(body)
    return event if isinstance(event, Clock) or event.source or not feed else replace(event, source=feed)
