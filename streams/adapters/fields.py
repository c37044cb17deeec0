"""The fields of an event, as an adapter says them: expressions, constants, translated values, tables, lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple, Protocol

from schemas.reading import RefusalReason, Refused
from streams.adapters.scope import Scope
from streams.adapters.simple_expressions import Expression, ExpressionFailed, Read
from streams.adapters.times import InvalidTime, moment_of

_TIMES: Final = frozenset({"occurred_at", "received_at", "due", "opens"})
_NUMBERS: Final = frozenset({"ordinal"})
_IDS: Final = frozenset({"id", "case", "subject", "ref"})
_NEEDED: Final = {"staff": "id", "promises": "due"}
"""Without what a table says nothing: nobody, and no promise."""


class FieldValue(NamedTuple):
    """How a field came about. place: such as promises[0].due. raw: what the expression gave. value: what came of it."""

    path: str
    expression: str
    raw: Any
    value: Any


class Field(Protocol):
    """A field, or a part of one."""

    @property
    def read(self) -> Read:
        """Gives its value; None leaves it out. Raises FieldFailed."""
        ...

    def field_values(self, scope: Scope) -> Iterator[FieldValue]:
        """How each value in it came about."""
        ...


class FieldFailed(Exception):
    """A field that has no value it could have; the message names it, its expression and what was wrong."""

    def __init__(self, reason: RefusalReason, detail: str) -> None:
        self.reason = reason
        super().__init__(detail)

    def refused(self, rule: str) -> Refused:
        """What a record is refused with, where that was in `rule`."""
        return Refused(self.reason, f"rule {rule!r}: {self}")


Compile = Callable[[str], Expression]
"""Makes an expression of a text. Raises BadExpression."""


class BadField(ValueError):
    """A field that is not written as one; the message names its place and says how to write it."""


def field(value: Any, path: str, compile: Compile) -> Field:
    """The field that an adapter says as `value`. Raises BadField and BadExpression."""
    if isinstance(value, str) and value:
        return _Said(path, compile(value))
    if isinstance(value, list):
        return _List([field(entry, f"{path}[{number}]", compile) for number, entry in enumerate(value)])
    if isinstance(value, dict) and "from" in value:
        return _translated(value, path, compile)
    if isinstance(value, dict) and value:
        needed = _NEEDED.get(path.rpartition(".")[2].partition("[")[0])
        return _Table({key: field(entry, f"{path}.{key}", compile) for key, entry in value.items()}, needed)
    if isinstance(value, bool | int | float | datetime):
        return _Constant(path, value)
    if isinstance(value, date):
        raise BadField(f"{path} = {value}: a day is no instant; write it with its time and zone")
    raise BadField(f'{path} = {value!r}: write an expression, such as "order.id" or "\'ready\'", or a table of them')


def reads_of(fields: Mapping[str, Field]) -> tuple[tuple[str, Read], ...]:
    """What reads each field, by name."""
    return tuple((key, one.read) for key, one in fields.items())


def _translated(table: Mapping[str, Any], path: str, compile: Compile) -> Field:
    values, default, folds = table.get("values", {}), table.get("default"), table.get("ignore_case", False)
    is_sound = (
        isinstance(table["from"], str)
        and table.keys() <= {"from", "values", "default", "ignore_case"}
        and isinstance(values, dict)
        and isinstance(default, str | None)
        and isinstance(folds, bool)
    )
    if not is_sound:
        raise BadField(f'{path}: write {{ from = "EXPRESSION", values = {{ theirs = "ours" }}, default = "ours" }}')
    return _Said(path, compile(table["from"]), _Values(values, default, folds))


class _Values:
    """Their words for ours. A word that is not listed becomes the default; without one it stays."""

    def __init__(self, values: Mapping[str, Any], default: str | None, folds: bool) -> None:
        self._values = {key.casefold(): value for key, value in values.items()} if folds else dict(values)
        self._default = default
        self._folds = folds

    def of(self, raw: Any) -> Any:
        if raw is None or raw == "":
            return None
        word = raw if isinstance(raw, str) else str(raw)
        found = self._values.get(word.casefold() if self._folds else word)
        return found if found is not None else raw if self._default is None else self._default


class _Constant:
    def __init__(self, path: str, value: Any) -> None:
        self._path = path
        self._value = value

    def read(self, scope: Scope) -> Any:
        return self._value

    def field_values(self, scope: Scope) -> Iterator[FieldValue]:
        yield FieldValue(self._path, str(self._value), self._value, self._value)


class _Said:
    """A value that an expression says, as the field wants it: a time, a number or a text."""

    def __init__(self, path: str, expression: Expression, values: _Values | None = None) -> None:
        self._path = path
        self._expression = expression
        self.read = self._reader(values)

    def field_values(self, scope: Scope) -> Iterator[FieldValue]:
        value = self.read(scope)
        yield FieldValue(self._path, self._expression.text, self._expression.read(scope), value)

    def _reader(self, values: _Values | None) -> Read:
        """A function of its own, because a record asks dozens of fields."""
        name, always = self._path.rpartition(".")[2], self._expression.always
        fit = moment_of if name in _TIMES else _number if name in _NUMBERS else _text
        if fit is _text and always and values is None:
            return lambda scope: always
        complete = self._expression.complete if name in _IDS else None
        return self._fitted(complete or self._expression.read, _then(values, fit) if values else fit)

    def _fitted(self, raw_of: Read, fit: Callable[[Any], Any]) -> Read:
        path, key, said = self._path, self._expression.key, self._expression.text

        def read(scope: Scope) -> Any:
            item = scope.item
            try:
                if item.__class__ is dict and (text := item.get(key)).__class__ is str:
                    return fit(text) if text else None
                return fit(raw_of(scope))
            except ExpressionFailed as error:
                raise FieldFailed(error.reason, f"{path}: {error}") from None
            except InvalidTime as error:
                raise FieldFailed("bad_time", f"{path} ({said}): {error}") from None

        return read


def _then(values: _Values, fit: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda raw: fit(values.of(raw))


def _text(raw: Any) -> Any:
    """Ids that are numbers are texts here; what is neither is left for the validation to name."""
    return str(raw) if type(raw) is int else raw if raw != "" else None


def _number(raw: Any) -> Any:
    return int(raw) if isinstance(raw, str) and raw.isdecimal() else raw


class _Table:
    """Fields by name; those without a value are left out, and so is a table without any, or without what it needs."""

    def __init__(self, fields: Mapping[str, Field], needed: str | None) -> None:
        self._fields = fields
        self._reads = reads_of(fields)
        self._needed = needed

    def read(self, scope: Scope) -> dict[str, Any] | None:
        found = {key: value for key, read in self._reads if (value := read(scope)) is not None}
        return found if found and (self._needed is None or self._needed in found) else None

    def field_values(self, scope: Scope) -> Iterator[FieldValue]:
        for inner in self._fields.values():
            yield from inner.field_values(scope)


class _List:
    """Values in a row, without those that are none."""

    def __init__(self, entries: list[Field]) -> None:
        self._entries = entries

    def read(self, scope: Scope) -> list[Any]:
        return [value for entry in self._entries if (value := entry.read(scope)) is not None]

    def field_values(self, scope: Scope) -> Iterator[FieldValue]:
        for entry in self._entries:
            yield from entry.field_values(scope)
