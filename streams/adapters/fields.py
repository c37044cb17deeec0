"""The fields of an event, as an adapter writes them: expressions, constants, mapped values, tables and lists."""

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
_REQUIRED_KEYS: Final = {"staff": "id", "promises": "due"}
"""The key without which a table is left out: no staff member without an id, no promise without a due time."""


class FieldValue(NamedTuple):
    """How a field got its value. path: such as promises[0].due. raw: the value of the expression, before conversion."""

    path: str
    expression: str
    raw: Any
    value: Any


class Field(Protocol):
    """A field of an event, or a part of one."""

    @property
    def read(self) -> Read:
        """A function that returns the value in a scope; None leaves the field out. It raises FieldFailed."""
        ...

    def values(self, scope: Scope) -> Iterator[FieldValue]:
        """Yield each value in the field and how it came about. Raises FieldFailed."""
        ...


class FieldFailed(Exception):
    """A field whose expression gives no possible value. The message names the field, its expression and the error."""

    def __init__(self, reason: RefusalReason, detail: str) -> None:
        self.reason = reason
        super().__init__(detail)

    def refused(self, rule: str) -> Refused:
        """Return the refusal of a record, with the name of the rule."""
        return Refused(self.reason, f"rule {rule!r}: {self}")


Compile = Callable[[str], Expression]
"""Compiles the text of an expression. Raises BadExpression."""


class BadField(ValueError):
    """A value in an adapter file that cannot be a field. The message names its place and says how to write it."""


def field(value: Any, path: str, compile: Compile) -> Field:
    """Return the field that an adapter file writes as `value`. Raises BadField and BadExpression."""
    if isinstance(value, str) and value:
        return _ExpressionField(path, compile(value))
    if isinstance(value, list):
        return _ListField([field(entry, f"{path}[{number}]", compile) for number, entry in enumerate(value)])
    if isinstance(value, dict) and "from" in value:
        return _mapped(value, path, compile)
    if isinstance(value, dict) and value:
        required = _REQUIRED_KEYS.get(path.rpartition(".")[2].partition("[")[0])
        return _TableField({key: field(entry, f"{path}.{key}", compile) for key, entry in value.items()}, required)
    if isinstance(value, bool | int | float | datetime):
        return _ConstantField(path, value)
    if isinstance(value, date):
        raise BadField(f"{path} = {value}: a date is not an instant; write it with its time and zone")
    raise BadField(f'{path} = {value!r}: write an expression, such as "order.id" or "\'ready\'", or a table of them')


def reads_of(fields: Mapping[str, Field]) -> tuple[tuple[str, Read], ...]:
    """Return the function that reads each field, by name."""
    return tuple((key, field.read) for key, field in fields.items())


def _mapped(table: Mapping[str, Any], path: str, compile: Compile) -> Field:
    values, default, ignore_case = table.get("values", {}), table.get("default"), table.get("ignore_case", False)
    is_valid = (
        isinstance(table["from"], str)
        and table.keys() <= {"from", "values", "default", "ignore_case"}
        and isinstance(values, dict)
        and isinstance(default, str | None)
        and isinstance(ignore_case, bool)
    )
    if not is_valid:
        raise BadField(f'{path}: write {{ from = "EXPRESSION", values = {{ theirs = "ours" }}, default = "ours" }}')
    return _ExpressionField(path, compile(table["from"]), _ValueMap(values, default, ignore_case=ignore_case))


class _ValueMap:
    """Maps a vendor's words to ours. A word that is not listed becomes the default; without a default it stays."""

    def __init__(self, values: Mapping[str, Any], default: str | None, *, ignore_case: bool) -> None:
        self._values = {key.casefold(): value for key, value in values.items()} if ignore_case else dict(values)
        self._default = default
        self._ignore_case = ignore_case

    def map(self, raw: Any) -> Any:
        if raw is None or raw == "":
            return None
        word = raw if isinstance(raw, str) else str(raw)
        value = self._values.get(word.casefold() if self._ignore_case else word)
        return value if value is not None else raw if self._default is None else self._default


class _ConstantField:
    def __init__(self, path: str, value: Any) -> None:
        self._path = path
        self._value = value

    def read(self, scope: Scope) -> Any:
        return self._value

    def values(self, scope: Scope) -> Iterator[FieldValue]:
        yield FieldValue(path=self._path, expression=str(self._value), raw=self._value, value=self._value)


class _ExpressionField:
    """The value of an expression, converted to the type of the field: a time, a number or a text."""

    def __init__(self, path: str, expression: Expression, value_map: _ValueMap | None = None) -> None:
        self._path = path
        self._expression = expression
        self.read = self._reader(value_map)

    def values(self, scope: Scope) -> Iterator[FieldValue]:
        value = self.read(scope)
        raw = self._expression.read(scope)
        yield FieldValue(path=self._path, expression=self._expression.text, raw=raw, value=value)

    def _reader(self, value_map: _ValueMap | None) -> Read:
        """Return the function that reads the field. It is specialised, because a record reads dozens of fields."""
        name, constant = self._path.rpartition(".")[2], self._expression.constant
        convert = moment_of if name in _TIMES else _number if name in _NUMBERS else _text
        if convert is _text and constant and value_map is None:
            return lambda scope: constant
        complete = self._expression.complete if name in _IDS else None
        return self._converting(
            complete or self._expression.read, _composed(value_map, convert) if value_map else convert
        )

    def _converting(self, read_raw: Read, convert: Callable[[Any], Any]) -> Read:
        path, key, expression = self._path, self._expression.key, self._expression.text

        def read(scope: Scope) -> Any:
            item = scope.item
            try:
                if item.__class__ is dict and (text := item.get(key)).__class__ is str:
                    return convert(text) if text else None
                return convert(read_raw(scope))
            except ExpressionFailed as error:
                raise FieldFailed(error.reason, f"{path}: {error}") from None
            except InvalidTime as error:
                raise FieldFailed("bad_time", f"{path} ({expression}): {error}") from None

        return read


def _composed(value_map: _ValueMap, convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda raw: convert(value_map.map(raw))


def _text(raw: Any) -> Any:
    """Return whole numbers as text, because ids are texts here. Validation names any other type that is wrong."""
    return str(raw) if type(raw) is int else raw if raw != "" else None


def _number(raw: Any) -> Any:
    return int(raw) if isinstance(raw, str) and raw.isdecimal() else raw


class _TableField:
    """Fields by name. Those without a value are left out, and so is a table that is empty or lacks its required key."""

    def __init__(self, fields: Mapping[str, Field], required: str | None) -> None:
        self._fields = fields
        self._reads = reads_of(fields)
        self._required = required

    def read(self, scope: Scope) -> dict[str, Any] | None:
        values = {key: value for key, read in self._reads if (value := read(scope)) is not None}
        return values if values and (self._required is None or self._required in values) else None

    def values(self, scope: Scope) -> Iterator[FieldValue]:
        for field in self._fields.values():
            yield from field.values(scope)


class _ListField:
    """A list of values. Entries without a value are left out."""

    def __init__(self, entries: list[Field]) -> None:
        self._entries = entries

    def read(self, scope: Scope) -> list[Any]:
        return [value for entry in self._entries if (value := entry.read(scope)) is not None]

    def values(self, scope: Scope) -> Iterator[FieldValue]:
        for entry in self._entries:
            yield from entry.values(scope)
