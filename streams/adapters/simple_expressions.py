"""Simple forms of expressions that our own code evaluates, because JSONata takes some 15 us for the shortest one.

Most of an adapter consists of them: quoted texts, paths, `a & b`, `a ?: b`, calls of our own functions, and the items
of a list with a key, `path[key = 'text']`. A case that our code does not decide, such as a list within a list, is left
to JSONata. tests/adapters/test_expressions.py compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from schemas.reading import RefusalReason
from streams.adapters.scope import Scope
from streams.adapters.times import InvalidTime

Read = Callable[[Scope], Any]
Functions = Mapping[str, Callable[..., Any]]

_NAME: Final = r"(?:[A-Za-z_]\w*|`[^`]+`)"
_KEY: Final = re.compile(_NAME, re.ASCII)
_PATH: Final = re.compile(rf"(?:\$([A-Za-z_]\w*)|({_NAME}))((?:\.{_NAME})*)", re.ASCII)
_TEXT: Final = re.compile(r"""'([^'"\\]*)'|"([^'"\\]*)\"""")
_CALL: Final = re.compile(r"\$([A-Za-z_]\w*)\((.*)\)", re.ASCII | re.DOTALL)
_FILTER: Final = re.compile(rf"(.*?)\[\s*({_NAME})\s*=\s*'([^'\"\\]*)'\s*\]", re.ASCII | re.DOTALL)
_RESERVED: Final = frozenset({"and", "or", "in", "true", "false", "null", "function"})
_TOKENS: Final = re.compile(r"""'[^']*'|"[^"]*"|`[^`]*`|\?:|[()\[\]{},&?]|[^'"`()\[\]{},&?]+""")
_CLOSES: Final = {"(": ")", "[": "]", "{": "}"}


class ExpressionFailed(Exception):
    """An expression that has no value for a record. The message quotes it and says why."""

    def __init__(self, text: str, error: Exception) -> None:
        self.reason: RefusalReason = "bad_time" if isinstance(error, InvalidTime) else "bad_value"
        super().__init__(f"{text}: {error}")


class Expression(NamedTuple):
    """A compiled expression.

    text: the source. read: returns the value in a scope, None if there is none; raises ExpressionFailed. columns: the
    first keys of its paths, if it consists of paths only. key: the key, if the expression is a single key of its item;
    callers may look it up themselves. constant: the text, if the expression is a quoted text. complete: as `read`, but
    None if a part of a concatenation is missing, because half an id is no id.
    """

    text: str
    read: Read
    columns: frozenset[str] = frozenset()
    key: str | None = None
    constant: str | None = None
    complete: Read | None = None


class ExpressionCompiler(NamedTuple):
    """Compiles expressions. jsonata: compiles a text for the cases that our own code does not decide."""

    jsonata: Callable[[str], Read]
    functions: Functions

    def expression(self, text: str) -> Expression | None:
        """Return `text` as one of the simple forms; None if it is not one of them."""
        for separator, combine in (("?:", self._first), ("&", self._concatenation)):
            parts = _split(text, separator)
            if parts is None:
                return None
            if len(parts) > 1:
                return self._combined(text, parts, combine)
        return self._atom(text)

    def _all(self, texts: Iterable[str]) -> list[Expression] | None:
        """Return the expressions of all texts; None if one of them is not simple."""
        expressions = []
        for text in texts:
            expression = self.expression(text)
            if expression is None:
                return None
            expressions.append(expression)
        return expressions

    def _combined(
        self, text: str, parts: list[str], combine: Callable[[list[Read], Read], tuple[Read, Read | None]]
    ) -> Expression | None:
        expressions = self._all(parts)
        if expressions is None:
            return None
        read, complete = combine([expression.read for expression in expressions], self.jsonata(text))
        return Expression(text=text, read=read, columns=_columns(expressions), complete=complete)

    def _atom(self, text: str) -> Expression | None:
        stripped = text.strip()
        if quoted := _TEXT.fullmatch(stripped):
            value = quoted[1] if quoted[1] is not None else quoted[2]
            return Expression(text=text, read=lambda scope: value, constant=value)
        if path := _PATH.fullmatch(stripped):
            return self._path(text, path)
        if call := _CALL.fullmatch(stripped):
            return self._call(text, call[1], call[2])
        filtered = _FILTER.fullmatch(stripped)
        return self._filtered(text, *filtered.groups()) if filtered else None

    def _path(self, text: str, path: re.Match[str]) -> Expression | None:
        root, keys = _root_and_keys(path)
        if _RESERVED & set(keys):
            return None
        key = keys[0] if root is None and len(keys) == 1 else None
        fallback = self.jsonata(text)
        read = _path(root, keys, fallback) if key is None else _column(key, fallback)
        return Expression(text=text, read=read, columns=_first_column(root, keys), key=key)

    def _call(self, text: str, name: str, inside: str) -> Expression | None:
        arguments = self._all(_split(inside, ",") or ())
        if not arguments:
            return None
        columns = _columns(arguments)
        if name == "header" and len(arguments) == 1:
            return Expression(text=text, read=_header(arguments[0].read, self.jsonata(text)), columns=columns)
        function = self.functions.get(name)
        if function is None:
            return None
        reads = [argument.read for argument in arguments]
        return Expression(text=text, read=_call(text, function, reads, self.jsonata(text)), columns=columns)

    def _filtered(self, text: str, path: str, key: str, value: str) -> Expression | None:
        items = _PATH.fullmatch(path.strip())
        root, keys = _root_and_keys(items) if items else (None, ())
        key = key.strip("`")
        if not keys or _RESERVED & {*keys, key}:
            return None
        read = _filtered(root, keys, key, value, self.jsonata(text))
        return Expression(text=text, read=read, columns=_first_column(root, keys))

    @staticmethod
    def _first(reads: list[Read], fallback: Read) -> tuple[Read, None]:
        """Return `a ?: b`: the first value that is not nothing, false, 0 or empty; else the last value."""

        def read(scope: Scope) -> Any:
            value = None
            for read_part in reads:
                value = read_part(scope)
                if isinstance(value, list):
                    return fallback(scope)
                if value:
                    return value
            return value

        return read, None

    @staticmethod
    def _concatenation(reads: list[Read], fallback: Read) -> tuple[Read, Read]:
        """Return `a & b` for texts and whole numbers; a missing value is an empty text."""

        def complete(scope: Scope) -> Any:
            values = [read_part(scope) for read_part in reads]
            return None if None in values or "" in values else read(scope)

        def read(scope: Scope) -> Any:
            texts = []
            for read_part in reads:
                value = read_part(scope)
                if value.__class__ is not str and value.__class__ is not int:
                    return fallback(scope)
                texts.append(str(value))
            return "".join(texts)

        return read, complete


def _root_and_keys(path: re.Match[str]) -> tuple[str | None, tuple[str, ...]]:
    """Return the name after the dollar sign at which a path begins, if it has one, and the keys behind it."""
    return path[1], tuple(key.strip("`") for key in _KEY.findall((path[2] or "") + path[3]))


def _first_column(root: str | None, keys: tuple[str, ...]) -> frozenset[str]:
    return frozenset(keys[:1] if root in (None, "record") else ())


# The readers below are specialised functions, because a record evaluates dozens of paths.


def _column(key: str, fallback: Read) -> Read:
    def read(scope: Scope) -> Any:
        item = scope.item
        if isinstance(item, dict):
            value = item.get(key)
            return fallback(scope) if isinstance(value, list) else value
        return fallback(scope) if isinstance(item, list) else None

    return read


def _path(root: str | None, keys: tuple[str, ...], fallback: Read) -> Read:
    def read(scope: Scope) -> Any:
        value = scope.item if root is None else scope.value(root)
        for key in keys:
            if isinstance(value, dict):
                value = value.get(key)
            elif isinstance(value, list):
                return fallback(scope)
            else:
                return None
        return fallback(scope) if isinstance(value, list) else value

    return read


def _call(text: str, function: Callable[..., Any], reads: list[Read], fallback: Read) -> Read:
    def read(scope: Scope) -> Any:
        arguments = [read_argument(scope) for read_argument in reads]
        if any([isinstance(value, list) for value in arguments]):
            return fallback(scope)
        try:
            return function(*arguments)
        except Exception as error:  # as for a call through JSONata
            raise ExpressionFailed(text, error) from None

    return read


def _header(read_name: Read, fallback: Read) -> Read:
    def read(scope: Scope) -> Any:
        name = read_name(scope)
        return scope.opened.headers.get(name.lower()) if isinstance(name, str) else fallback(scope)

    return read


def _filtered(root: str | None, keys: tuple[str, ...], key: str, expected: str, fallback: Read) -> Read:
    def read(scope: Scope) -> Any:
        value = scope.item if root is None else scope.value(root)
        for path_key in keys:
            if not isinstance(value, dict):
                return None if value is None else fallback(scope)
            value = value.get(path_key)
        if value is None:
            return None
        matching = []
        for item in value if isinstance(value, list) else [value]:
            if not isinstance(item, dict) or isinstance(item.get(key), list):
                return fallback(scope)
            if item.get(key) == expected:
                matching.append(item)
        return matching if len(matching) > 1 else matching[0] if matching else None

    return read


def _columns(expressions: Iterable[Expression]) -> frozenset[str]:
    return frozenset[str]().union(*(expression.columns for expression in expressions))


def _split(text: str, separator: str) -> list[str] | None:
    """Return the parts of `text` between separators outside quotes and brackets; None if those are not closed."""
    parts: list[str] = [""]
    open_brackets: list[str] = []
    tokens = _TOKENS.findall(text)
    if "".join(tokens) != text:
        return None
    for token in tokens:
        if token == separator and not open_brackets:
            parts.append("")
            continue
        if token in _CLOSES:
            open_brackets.append(_CLOSES[token])
        elif token in _CLOSES.values() and (not open_brackets or open_brackets.pop() != token):
            return None
        parts[-1] += token
    return None if open_brackets else parts
