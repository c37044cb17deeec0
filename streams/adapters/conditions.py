"""When a rule of an adapter applies, and why it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from streams.adapters.fields import Compile
from streams.adapters.scope import Scope
from streams.adapters.simple_expressions import Expression

Word = str | int | float | bool


class BadCondition(ValueError):
    """A condition that cannot be used; the message says how to write it."""


class Mismatch(NamedTuple):
    """Why a rule does not apply. found: what it looked at, and what that is. wanted: what it should be, if told."""

    found: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.found}, not {self.wanted}" if self.wanted else self.found


class Condition(Protocol):
    """What has to hold. columns: as those of an expression."""

    columns: frozenset[str]

    def fails_at_once(self, item: Any) -> bool:
        """Whether one look at the whole record says that it does not hold, as of most rules."""
        ...

    def holds(self, scope: Scope) -> bool:
        """Whether it does. Raises ExpressionFailed."""
        ...

    def why_not(self, scope: Scope) -> Mismatch:
        """What was found instead, where it does not hold."""
        ...


def condition(value: Any, compile: Compile) -> Condition:
    """The condition of a rule: an expression, or a table of expressions with the values they have to have.

    Raises BadCondition and BadExpression.
    """
    if isinstance(value, str) and value:
        return _Says(compile(value))
    if isinstance(value, dict) and value:
        return _Equals([(compile(key), _words(key, wanted)) for key, wanted in _flat(value)])
    raise BadCondition('write an expression, or a table such as when = { type = "order.created" }')


def _flat(table: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    """The entries of a table: TOML reads a dotted key as a table within a table."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{within}{key}.")
        else:
            yield within + key, value


def _words(key: str, wanted: Any) -> tuple[Word, ...]:
    words = wanted if isinstance(wanted, list) else [wanted]
    if not words or not all(isinstance(word, Word) for word in words):
        raise BadCondition(f"{key}: write a text, a number, true or false, or a list of them")
    return tuple(words)


class _Says:
    """An expression that has to say something other than false."""

    def __init__(self, expression: Expression) -> None:
        self.columns = expression.columns
        self._expression = expression

    def fails_at_once(self, item: Any) -> bool:
        return False

    def holds(self, scope: Scope) -> bool:
        return bool(self._expression.read(scope))

    def why_not(self, scope: Scope) -> Mismatch:
        return Mismatch(f"{self._expression.text} is {short_text(self._expression.read(scope))}", "")


class _Equals:
    """Expressions that have to have one of some values each."""

    def __init__(self, wanted: list[tuple[Expression, tuple[Word, ...]]]) -> None:
        self.columns = frozenset[str]().union(*(expression.columns for expression, _ in wanted))
        self._wanted = wanted
        self._reads = [(expression.read, words) for expression, words in wanted]
        self._key, self._words = wanted[0][0].key, wanted[0][1]

    def fails_at_once(self, item: Any) -> bool:
        if self._key is None or item.__class__ is not dict:
            return False
        found = item.get(self._key)
        return found.__class__ is str and found not in self._words

    def holds(self, scope: Scope) -> bool:
        return all(_is_one_of(read(scope), words) for read, words in self._reads)

    def why_not(self, scope: Scope) -> Mismatch:
        wrong = [(e, words, found) for e, words in self._wanted if not _is_one_of(found := e.read(scope), words)]
        expression, words, found = wrong[0]
        return Mismatch(f"{expression.text} is {short_text(found)}", " or ".join(map(short_text, words)))


def _is_one_of(found: Any, words: tuple[Word, ...]) -> bool:
    """True is not the number 1, though Python has them equal."""
    if found.__class__ is str:
        return found in words
    return any(found == word and isinstance(found, bool) == isinstance(word, bool) for word in words)


def short_text(value: Any) -> str:
    """A value in an explanation: short, and nothing where there is none."""
    if value is None or value == "":
        return "nothing"
    text = f"'{value}'" if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
