"""Expressions of adapters: JSONata, of which texts in quotes, paths and texts put together are read by our own code.

JSONata takes some 15 us for the shortest path; most of what adapters say is one, and is read here in less than one.
tests/feeds/adapting/test_expressions.py holds the two against each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final, Protocol

from jsonata import Jsonata

from streams.feeds.adapting.scope import Scope

Functions = Mapping[str, Callable[..., Any]]
Read = Callable[[Scope], Any]

_NAME: Final = r"(?:[A-Za-z_]\w*|`[^`]+`)"
_PATH: Final = re.compile(rf"\s*(?:\$([A-Za-z_]\w*)|({_NAME}))((?:\.{_NAME})*)\s*", re.ASCII)
_KEY: Final = re.compile(_NAME, re.ASCII)
_TEXT: Final = re.compile(r"""\s*(?:'([^'"\\]*)'|"([^'"\\]*)")\s*""")
_RESERVED: Final = frozenset({"and", "or", "in", "true", "false", "null", "function"})

_QUOTED: Final = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`|/\*.*?\*/""", re.DOTALL)
_ASKED: Final = re.compile(r"\$([A-Za-z_]\w*)", re.ASCII)
_LOCAL: Final = re.compile(r"\$([A-Za-z_]\w*)\s*:=|[@#]\s*\$([A-Za-z_]\w*)|(?:function|λ)\s*\(([^)]*)\)")
_CHANGING: Final = frozenset({"now", "millis", "random", "shuffle"})


class BadExpression(ValueError):
    """An expression that cannot be used; the message quotes it and says why."""


class ExpressionFailed(Exception):
    """An expression that has no value for this record; the message quotes it and says why."""


class Expression(Protocol):
    """An expression, ready to be read.

    text: as it was written. columns: the first keys of its paths, where it is no more than those. key: where it is no
    more than one key of its item, which who reads it may look up first.
    """

    text: str
    columns: frozenset[str]
    key: str | None

    @property
    def read(self) -> Read:
        """Gives the value for what is in a scope; None where it has none. Raises ExpressionFailed."""
        ...


def compiled(text: str, functions: Functions, known: frozenset[str]) -> Expression:
    """The expression in `text`; `known` are the names that its scope will have. Raises BadExpression."""
    whole = _Whole(text, functions, known)
    return _quick(text, whole) or whole.ready()


def _quick(text: str, whole: _Whole) -> Expression | None:
    """`text` as one of the forms that need no JSONata; None if it is none of them."""
    if _QUOTED.sub("", text).count("&") != text.count("&"):
        return None
    parts = [_part(part, whole) for part in text.split("&")]
    atoms = [part for part in parts if part is not None]
    if len(atoms) < len(parts):
        return None
    return atoms[0] if len(atoms) == 1 else _Together(atoms, whole)


def _part(text: str, whole: _Whole) -> _Text | _Path | None:
    quoted = _TEXT.fullmatch(text)
    if quoted:
        return _Text(text, quoted[1] if quoted[1] is not None else quoted[2])
    path = _PATH.fullmatch(text)
    if path is None:
        return None
    keys = [key.strip("`") for key in _KEY.findall((path[2] or "") + path[3])]
    return None if _RESERVED & set(keys) else _Path(whole, path[1], tuple(keys), text)


class _Text:
    """A text in quotes."""

    columns: frozenset[str] = frozenset()
    key: str | None = None

    def __init__(self, text: str, value: str) -> None:
        self.text = text
        self._value = value

    def read(self, scope: Scope) -> str:
        return self._value


class _Path:
    """Keys, one inside the other, from the item or from a name. Lists on the way are JSONata's business."""

    def __init__(self, whole: _Whole, root: str | None, keys: tuple[str, ...], text: str) -> None:
        self.text = text
        self.columns = frozenset(keys[:1] if root in (None, "record") else ())
        self.key = keys[0] if root is None and len(keys) == 1 else None
        fallback = (whole if whole.text == text else whole.of(text)).read
        self.read = _path(root, keys, fallback) if self.key is None else _column(self.key, fallback)


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


class _Together:
    """Texts and whole numbers put together by `&`; what is missing is an empty text."""

    def __init__(self, parts: list[_Text | _Path], whole: _Whole) -> None:
        self.text = whole.text
        self.columns = frozenset[str]().union(*(part.columns for part in parts))
        self.key: str | None = None
        self._parts = parts
        self._whole = whole

    def read(self, scope: Scope) -> Any:
        found = []
        for part in self._parts:
            value = part.read(scope)
            if type(value) is not str and type(value) is not int:
                return self._whole.read(scope)
            found.append(str(value))
        return "".join(found)


class _Whole:
    """An expression as JSONata reads it."""

    def __init__(self, text: str, functions: Functions, known: frozenset[str]) -> None:
        self.text = text
        self._functions = functions
        self._known = known
        self.columns: frozenset[str] = frozenset()
        self.key: str | None = None
        self._names = self._asked() & known

    def of(self, text: str) -> _Whole:
        """Another expression with the same functions and names."""
        return _Whole(text, self._functions, self._known)

    def ready(self) -> _Whole:
        """This one, once it is known to be JSONata. Raises BadExpression."""
        _ = self._jsonata
        return self

    def read(self, scope: Scope) -> Any:
        bindings = {name: scope.value(name) for name in self._names}
        try:
            return self._jsonata.evaluate(scope.item, bindings)
        except Exception as error:  # whatever JSONata meets in other people's data: its kinds of errors are not told
            raise ExpressionFailed(f"{self.text}: {error}") from None

    @cached_property
    def _jsonata(self) -> Jsonata:
        try:
            expression = Jsonata(self.text)
        except Exception as error:  # the parser stumbles over some texts in ways of its own
            raise BadExpression(f"{self.text!r} is no JSONata: {error}") from None
        # A walk through the whole record each time, a hundred times dearer than a path: ours come from JSON.
        expression.set_validate_input(False)
        for name, function in self._functions.items():
            expression.register_lambda(name, function)
        return expression

    def _asked(self) -> frozenset[str]:
        """The names after a dollar sign, each of which has to be known. Raises BadExpression."""
        bare = _QUOTED.sub("", self.text)
        own = {name for found in _LOCAL.findall(bare) for part in found for name in re.findall(r"\w+", part)}
        asked = frozenset(_ASKED.findall(bare)) - own
        for name in sorted(asked - self._known - self._functions.keys()):
            if name in _CHANGING:
                raise BadExpression(f"{self.text!r}: ${name} is another each time; write $received")
            if Jsonata.static_frame.lookup(name) is None:
                names = ", ".join(f"${name}" for name in sorted(self._known | self._functions.keys()))
                raise BadExpression(f"{self.text!r}: nothing is called ${name}; there are {names} and what JSONata has")
        return asked
