"""The conditions of rules: when a rule matches a record, and why it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from streams.adapters.fields import Compile
from streams.adapters.scope import Scope
from streams.adapters.simple_expressions import Expression

Scalar = str | int | float | bool


class BadCondition(ValueError):
    """A condition that cannot be used. The message says how to write it."""


class Mismatch(NamedTuple):
    """Why a rule does not match. actual: an expression and its value. expected: what it should be; empty if unknown."""

    actual: str
    expected: str

    def __str__(self) -> str:
        return f"{self.actual}, not {self.expected}" if self.expected else self.actual


class Condition(Protocol):
    """The condition of a rule. columns: as those of an expression."""

    columns: frozenset[str]

    def fails_fast(self, item: Any) -> bool:
        """Return True if the whole record alone shows, without an expression, that the condition does not hold.

        This settles most rules for most records.
        """
        ...

    def holds(self, scope: Scope) -> bool:
        """Return True if the condition holds. Raises ExpressionFailed."""
        ...

    def mismatch(self, scope: Scope) -> Mismatch:
        """Return why the condition does not hold. Call it only if `holds` is false."""
        ...


def condition(value: Any, compile: Compile) -> Condition:
    """Return the condition of a rule: an expression, or a table of expressions and the values that they must have.

    Raises BadCondition and BadExpression.
    """
    if isinstance(value, str) and value:
        return _IsTrue(compile(value))
    if isinstance(value, dict) and value:
        return _Equals([(compile(key), _scalars(key, expected)) for key, expected in _flattened(value)])
    raise BadCondition('write an expression, or a table such as when = { type = "order.created" }')


def _flattened(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the entries of a table. TOML reads a dotted key as a table within a table."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _scalars(key: str, expected: Any) -> tuple[Scalar, ...]:
    values = expected if isinstance(expected, list) else [expected]
    if not values or not all(isinstance(value, Scalar) for value in values):
        raise BadCondition(f"{key}: write a text, a number, true or false, or a list of them")
    return tuple(values)


class _IsTrue:
    """An expression whose value must be true in the sense of Python."""

    def __init__(self, expression: Expression) -> None:
        self.columns = expression.columns
        self._expression = expression

    def fails_fast(self, item: Any) -> bool:
        return False

    def holds(self, scope: Scope) -> bool:
        return bool(self._expression.read(scope))

    def mismatch(self, scope: Scope) -> Mismatch:
        return Mismatch(f"{self._expression.text} is {short_text(self._expression.read(scope))}", "")


class _Equals:
    """Expressions, each of which must have one of several values."""

    def __init__(self, expected: list[tuple[Expression, tuple[Scalar, ...]]]) -> None:
        self.columns = frozenset[str]().union(*(expression.columns for expression, _ in expected))
        self._expected = expected
        self._reads = [(expression.read, values) for expression, values in expected]
        self._key, self._values = expected[0][0].key, expected[0][1]

    def fails_fast(self, item: Any) -> bool:
        if self._key is None or item.__class__ is not dict:
            return False
        actual = item.get(self._key)
        return actual.__class__ is str and actual not in self._values

    def holds(self, scope: Scope) -> bool:
        return all(_is_one_of(read(scope), values) for read, values in self._reads)

    def mismatch(self, scope: Scope) -> Mismatch:
        for expression, values in self._expected:
            actual = expression.read(scope)
            if not _is_one_of(actual, values):
                return Mismatch(f"{expression.text} is {short_text(actual)}", " or ".join(map(short_text, values)))
        raise ValueError("the condition holds")


def _is_one_of(actual: Any, values: tuple[Scalar, ...]) -> bool:
    """Return True if `actual` is one of `values`. True is not the number 1, although they are equal in Python."""
    if actual.__class__ is str:
        return actual in values
    return any(actual == value and isinstance(actual, bool) == isinstance(value, bool) for value in values)


def short_text(value: Any) -> str:
    """Return a value as explanations show it: at most 100 characters; "nothing" for null and an empty text."""
    if value is None or value == "":
        return "nothing"
    text = f"'{value}'" if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
