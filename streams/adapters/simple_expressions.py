"""The forms of an expression that are read by our own code, because JSONata takes some 15 us for the shortest.

They are what most of an adapter is: texts in quotes, paths, `a & b`, `a ?: b`, our own functions, and items of a list
by a key, `path[key = 'text']`. Whatever they do not say for sure, such as what is in a list in a list, is JSONata's.
tests/adapters/test_expressions.py holds the two against each other.
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
_PARTS: Final = re.compile(r"""'[^']*'|"[^"]*"|`[^`]*`|\?:|[()\[\]{},&?]|[^'"`()\[\]{},&?]+""")
_CLOSES: Final = {"(": ")", "[": "]", "{": "}"}


class ExpressionFailed(Exception):
    """An expression that has no value for this record; the message quotes it and says why."""

    def __init__(self, text: str, error: Exception) -> None:
        self.reason: RefusalReason = "bad_time" if isinstance(error, InvalidTime) else "bad_value"
        super().__init__(f"{text}: {error}")


class Expression(NamedTuple):
    """An expression, ready to be read.

    text: as it was written. read: gives the value for what is in a scope, None where it has none; raises
    ExpressionFailed. columns: the first keys of its paths, where it is no more than those. key: where it is no more
    than one key of its item, which who reads it may look up first. always: what it is, where it is a text in quotes.
    complete: as `read`, but None where something is missing of what is put together: half an id is none.
    """

    text: str
    read: Read
    columns: frozenset[str] = frozenset()
    key: str | None = None
    always: str | None = None
    complete: Read | None = None


class ExpressionCompiler(NamedTuple):
    """What makes expressions of texts. jsonata: what reads a text where our own code does not say for sure."""

    jsonata: Callable[[str], Read]
    functions: Functions

    def expression(self, text: str) -> Expression | None:
        """`text` as one of the forms above; None if it is none of them."""
        for separator, together in (("?:", self._first), ("&", self._together)):
            parts = _split(text, separator)
            if parts is None:
                return None
            if len(parts) > 1:
                return self._of_parts(text, parts, together)
        return self._atom(text)

    def _of_parts(
        self, text: str, parts: list[str], together: Callable[[list[Read], Read], tuple[Read, Read | None]]
    ) -> Expression | None:
        found = [self.expression(part) for part in parts]
        known = [one for one in found if one is not None]
        if len(known) < len(found):
            return None
        read, complete = together([one.read for one in known], self.jsonata(text))
        return Expression(text, read, _columns(known), complete=complete)

    def _atom(self, text: str) -> Expression | None:
        bare = text.strip()
        if quoted := _TEXT.fullmatch(bare):
            value = quoted[1] if quoted[1] is not None else quoted[2]
            return Expression(text, lambda scope: value, always=value)
        if path := _PATH.fullmatch(bare):
            return self._path(text, path)
        if call := _CALL.fullmatch(bare):
            return self._call(text, call[1], call[2])
        filtered = _FILTER.fullmatch(bare)
        return self._filtered(text, *filtered.groups()) if filtered else None

    def _path(self, text: str, path: re.Match[str]) -> Expression | None:
        root, keys = path[1], tuple(key.strip("`") for key in _KEY.findall((path[2] or "") + path[3]))
        if _RESERVED & set(keys):
            return None
        key = keys[0] if root is None and len(keys) == 1 else None
        fallback = self.jsonata(text)
        read = _path(root, keys, fallback) if key is None else _column(key, fallback)
        return Expression(text, read, frozenset(keys[:1] if root in (None, "record") else ()), key)

    def _call(self, text: str, name: str, inside: str) -> Expression | None:
        parts, function = _split(inside, ","), self.functions.get(name)
        given = [self.expression(part) for part in parts or ()]
        known = [one for one in given if one is not None]
        if name == "header" and len(known) == len(given) == 1:
            return Expression(text, _header(known[0].read, self.jsonata(text)), known[0].columns)
        if function is None or not known or len(known) < len(given):
            return None
        return Expression(text, _call(text, function, [one.read for one in known], self.jsonata(text)), _columns(known))

    def _filtered(self, text: str, path: str, key: str, word: str) -> Expression | None:
        items = _PATH.fullmatch(path.strip())
        root, keys = (items[1], tuple(_KEY.findall((items[2] or "") + items[3]))) if items else (None, ())
        if not keys or _RESERVED & {*keys, key}:
            return None
        inside = tuple(one.strip("`") for one in keys)
        columns = frozenset(inside[:1] if root in (None, "record") else ())
        return Expression(text, _filtered(root, inside, key.strip("`"), word, self.jsonata(text)), columns)

    @staticmethod
    def _first(reads: list[Read], fallback: Read) -> tuple[Read, None]:
        """`a ?: b`: the first that is not nothing, false, 0 or empty; else the last, whatever it is."""

        def read(scope: Scope) -> Any:
            value = None
            for one in reads:
                value = one(scope)
                if isinstance(value, list):
                    return fallback(scope)
                if value:
                    return value
            return value

        return read, None

    @staticmethod
    def _together(reads: list[Read], fallback: Read) -> tuple[Read, Read]:
        """`a & b`: texts and whole numbers; what is missing is an empty text."""

        def complete(scope: Scope) -> Any:
            found = [one(scope) for one in reads]
            return None if None in found or "" in found else read(scope)

        def read(scope: Scope) -> Any:
            found = []
            for one in reads:
                value = one(scope)
                if value.__class__ is not str and value.__class__ is not int:
                    return fallback(scope)
                found.append(str(value))
            return "".join(found)

        return read, complete


# Functions of their own, because a record asks dozens of paths.


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
        given = [one(scope) for one in reads]
        if any([isinstance(value, list) for value in given]):
            return fallback(scope)
        try:
            return function(*given)
        except Exception as error:  # as when JSONata calls it
            raise ExpressionFailed(text, error) from None

    return read


def _header(name_of: Read, fallback: Read) -> Read:
    def read(scope: Scope) -> Any:
        name = name_of(scope)
        return scope.opened.headers.get(name.lower()) if isinstance(name, str) else fallback(scope)

    return read


def _filtered(root: str | None, keys: tuple[str, ...], key: str, word: str, fallback: Read) -> Read:
    def read(scope: Scope) -> Any:
        value = scope.item if root is None else scope.value(root)
        for inner in keys:
            if not isinstance(value, dict):
                return None if value is None else fallback(scope)
            value = value.get(inner)
        if value is None:
            return None
        found = []
        for item in value if isinstance(value, list) else [value]:
            if not isinstance(item, dict) or isinstance(item.get(key), list):
                return fallback(scope)
            if item.get(key) == word:
                found.append(item)
        return found if len(found) > 1 else found[0] if found else None

    return read


def _columns(expressions: Iterable[Expression]) -> frozenset[str]:
    return frozenset[str]().union(*(one.columns for one in expressions))


def _split(text: str, separator: str) -> list[str] | None:
    """`text` between the separators that stand outside of quotes and brackets; None where those do not close."""
    parts: list[str] = [""]
    open_brackets: list[str] = []
    tokens = _PARTS.findall(text)
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
