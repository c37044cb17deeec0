"""Expressions of adapters: JSONata (docs.jsonata.org), or one of the forms of it that our own code reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from typing import Any, Final

from streams.adapters.scope import Scope
from streams.adapters.simple_expressions import Expression, ExpressionCompiler, ExpressionFailed, Functions, Read

_QUOTED: Final = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`|/\*.*?\*/""", re.DOTALL)
_ASKED: Final = re.compile(r"\$([A-Za-z_]\w*)", re.ASCII)
_LOCAL: Final = re.compile(r"\$([A-Za-z_]\w*)\s*:=|[@#]\s*\$([A-Za-z_]\w*)|(?:function|λ)\s*\(([^)]*)\)")
_CHANGING: Final = frozenset({"now", "millis", "random", "shuffle"})


class BadExpression(ValueError):
    """An expression that cannot be used; the message quotes it and says why."""


def compiled(text: str, functions: Functions, known: frozenset[str]) -> Expression:
    """The expression in `text`; `known` are the names that its scope will have. Raises BadExpression."""
    whole = _Whole(text, functions, known)

    def jsonata(part: str) -> Read:
        return _Whole(part, functions, known).read

    return ExpressionCompiler(jsonata, functions).expression(text) or Expression(text, whole.ready().read)


def _package() -> Any:
    """JSONata, once it is needed: it takes 70 ms to import, and what reads rows never needs it."""
    return import_module("jsonata")


def _header(scope: Scope) -> Any:
    """The function `$header`, as JSONata calls it: by name, whatever its case."""
    headers = scope.opened.headers
    return _package().Jsonata.JLambda(lambda name: headers.get(str(name).lower()))


def _without_null(function: Callable[..., Any]) -> Callable[..., Any]:
    """JSONata tells null from nothing; adapters need not."""
    null = import_module("jsonata.utils").Utils.NULL_VALUE
    return lambda *given: function(*(None if value is null else value for value in given))


class _Whole:
    """An expression as JSONata reads it."""

    def __init__(self, text: str, functions: Functions, known: frozenset[str]) -> None:
        self.text = text
        self._functions = functions
        self._known = known
        self._names = self._asked() & known

    def ready(self) -> _Whole:
        """This one, once it is known to be JSONata. Raises BadExpression."""
        _ = self._jsonata
        return self

    def read(self, scope: Scope) -> Any:
        bindings = {name: _header(scope) if name == "header" else scope.value(name) for name in self._names}
        try:
            return self._jsonata.evaluate(scope.item, bindings)
        except Exception as error:  # whatever JSONata meets in other people's data: its kinds of errors are not told
            raise ExpressionFailed(self.text, error) from None

    @cached_property
    def _jsonata(self) -> Any:
        try:
            expression = _package().Jsonata(self.text)
        except Exception as error:  # the parser stumbles over some texts in ways of its own
            raise BadExpression(f"{self.text!r} is no JSONata: {error}") from None
        # A walk through the whole record each time, a hundred times dearer than a path: ours come from JSON.
        expression.set_validate_input(False)
        for name, function in self._functions.items():
            expression.register_lambda(name, _without_null(function))
        return expression

    def _asked(self) -> frozenset[str]:
        """The names after a dollar sign, each of which has to be known. Raises BadExpression."""
        bare = _QUOTED.sub("", self.text)
        own = {name for found in _LOCAL.findall(bare) for part in found for name in re.findall(r"\w+", part)}
        asked = frozenset(_ASKED.findall(bare)) - own
        for name in sorted(asked - self._known - self._functions.keys()):
            if name in _CHANGING:
                raise BadExpression(f"{self.text!r}: ${name} is another each time; write $received")
            if _package().Jsonata.static_frame.lookup(name) is None:
                names = ", ".join(f"${name}" for name in sorted(self._known | self._functions.keys()))
                raise BadExpression(f"{self.text!r}: nothing is called ${name}; there are {names} and what JSONata has")
        return asked
