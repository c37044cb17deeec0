"""The expressions of adapters: JSONata (docs.jsonata.org). Its common simple forms are evaluated by our own code."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from typing import Any, Final

from streams.adapters.scope import Scope
from streams.adapters.simple_expressions import Expression, ExpressionCompiler, ExpressionFailed, Functions, Read

_QUOTED: Final = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`|/\*.*?\*/""", re.DOTALL)
_USED: Final = re.compile(r"\$([A-Za-z_]\w*)", re.ASCII)
_LOCAL: Final = re.compile(r"\$([A-Za-z_]\w*)\s*:=|[@#]\s*\$([A-Za-z_]\w*)|(?:function|λ)\s*\(([^)]*)\)")
_IMPURE: Final = frozenset({"now", "millis", "random", "shuffle"})


class BadExpression(ValueError):
    """An expression that cannot be used. The message quotes it and says why."""


def compile_expression(text: str, functions: Functions, names: frozenset[str]) -> Expression:
    """Return the expression in `text`; `names` are those that its scope will have. Raises BadExpression."""
    whole = _JsonataExpression(text, functions, names)

    def jsonata(part: str) -> Read:
        return _JsonataExpression(part, functions, names).read

    return ExpressionCompiler(jsonata, functions).expression(text) or Expression(text, whole.checked().read)


def _package() -> Any:
    """Return the module `jsonata`. Importing it takes 70 ms, and adapters of tables never need it."""
    return import_module("jsonata")


def _header(scope: Scope) -> Any:
    """Return the function `$header` for JSONata, which looks up a header by name, whatever its case."""
    headers = scope.opened.headers
    return _package().Jsonata.JLambda(lambda name: headers.get(str(name).lower()))


def _with_none_for_null(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function` with None for the null of JSONata, which JSONata distinguishes from a missing value."""
    null = import_module("jsonata.utils").Utils.NULL_VALUE
    return lambda *arguments: function(*(None if value is null else value for value in arguments))


class _JsonataExpression:
    """An expression that JSONata evaluates."""

    def __init__(self, text: str, functions: Functions, names: frozenset[str]) -> None:
        self.text = text
        self._functions = functions
        self._known = names
        self._names = self._used_names() & names

    def checked(self) -> _JsonataExpression:
        """Return this expression after parsing it. Raises BadExpression."""
        _ = self._jsonata
        return self

    def read(self, scope: Scope) -> Any:
        bindings = {name: _header(scope) if name == "header" else scope.value(name) for name in self._names}
        try:
            return self._jsonata.evaluate(scope.item, bindings)
        except Exception as error:  # the errors that JSONata raises for a record's data are not documented
            raise ExpressionFailed(self.text, error) from None

    @cached_property
    def _jsonata(self) -> Any:
        try:
            expression = _package().Jsonata(self.text)
        except Exception as error:  # the parser raises errors of many types
            raise BadExpression(f"{self.text!r} is not JSONata: {error}") from None
        # Validation walks through the whole record each time, which costs a hundred times as much as a path. Our
        # records come from JSON and need none.
        expression.set_validate_input(False)
        for name, function in self._functions.items():
            expression.register_lambda(name, _with_none_for_null(function))
        return expression

    def _used_names(self) -> frozenset[str]:
        """Return the names after dollar signs, each of which must be known. Raises BadExpression."""
        unquoted = _QUOTED.sub("", self.text)
        local = {name for groups in _LOCAL.findall(unquoted) for group in groups for name in re.findall(r"\w+", group)}
        used = frozenset(_USED.findall(unquoted)) - local
        for name in sorted(used - self._known - self._functions.keys()):
            if name in _IMPURE:
                raise BadExpression(f"{self.text!r}: ${name} is different each time; write $received")
            if _package().Jsonata.static_frame.lookup(name) is None:
                names = ", ".join(f"${name}" for name in sorted(self._known | self._functions.keys()))
                raise BadExpression(
                    f"{self.text!r}: nothing is called ${name}; there are {names} and the functions of JSONata"
                )
        return used
