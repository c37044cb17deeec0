"""Our own evaluation of simple expressions agrees with JSONata."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonata import Jsonata
from jsonata.utils import Utils

from streams.adapters.expressions import BadExpression, compile_expression
from streams.adapters.feed_records import OpenedRecord
from streams.adapters.functions import functions
from streams.adapters.scope import Scope
from streams.adapters.simple_expressions import ExpressionFailed

FUNCTIONS = functions({"dining": {"g-1": "TAKE_OUT"}}, {"soho": "Europe/London"})
KEYS = st.sampled_from(["a", "b", "c d"])
LEAVES = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-2, 2) | st.sampled_from(["", "a", "x"])
HEADERS = {"x": "1", "a": "2"}
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=12
)
STEPS = st.sampled_from(["a", "b", "`c d`"])
PATHS = st.lists(STEPS, min_size=1, max_size=4).map(".".join)
ROOTED = st.tuples(st.sampled_from(["", "$record."]), PATHS).map("".join)
ATOMS = ROOTED | st.sampled_from(["'x'", '"y"', "'a:'", "$record"])


class _Record:
    def read(self, scope: Scope) -> Any:
        return scope.opened.body


_RECORD = _Record()


def value_of(text: str, body: Any) -> Any:
    """Return the value that our code reads, or its error as a value."""
    try:
        expression = compile_expression(text, FUNCTIONS, frozenset({"record", "header"}))
        return expression.read(Scope(body, OpenedRecord(body, HEADERS), {"record": _RECORD}))
    except ExpressionFailed:
        return "failed"


def with_none_for_null(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: function(*(None if value is Utils.NULL_VALUE else value for value in given))


def jsonata_value_of(text: str, body: Any) -> Any:
    expression = Jsonata(text)
    for name, function in FUNCTIONS.items():
        expression.register_lambda(name, with_none_for_null(function))
    expression.register_lambda("header", lambda name: HEADERS.get(str(name).lower()))
    try:
        return expression.evaluate(body, {"record": body})
    except Exception:  # as our code takes all that it raises for one failure
        return "failed"


@settings(max_examples=200, deadline=None)
@given(ROOTED, TREES)
@example("a.b", {"a": [{"b": 1}, {"b": [2]}]})
@example("a.b", {"a": [{"b": 1}]})
@example("a", {"a": [[]]})
@example("$record.a", [{"a": 1}, {"a": 2}])
def test_a_path_gives_the_value_that_jsonata_gives(path: str, body: Any) -> None:
    assert value_of(path, body) == jsonata_value_of(path, body)


FILTERED = st.tuples(ROOTED, STEPS, st.sampled_from(["a", "x", ""])).map(lambda parts: "{}[{} = '{}']".format(*parts))
NAMES = st.sampled_from(
    ["table('dining', ", "zone(", "plus('2026-03-06T12:00:00Z', ", "entries(", "after(", "header(", "not("]
)
FORMS = st.recursive(
    ATOMS | FILTERED,
    lambda inner: (
        st.lists(inner, min_size=2, max_size=3).map(" & ".join)
        | st.lists(inner, min_size=2, max_size=3).map(" ?: ".join)
        | st.tuples(NAMES, inner).map(lambda parts: "${}{})".format(*parts))
    ),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(FORMS, TREES)
@example("'a' & a & `c d`", {"a": 1.5, "c d": True})
@example("a ?: b", {"a": {}, "b": None})
@example("a ?: b", {"a": [0], "b": 1})
@example("a ?: b & 'x' ?: 'y'", {"b": 7})
@example("a[b = 'x']", {"a": {"b": "x"}})
@example("a[b = 'x']", {"a": [{"b": "x"}, 7, {"b": ["x"]}]})
@example("a[b = 'x']", {"a": [{"b": "x"}, {"b": "x", "a": 1}]})
@example("a.b[b = 'x']", {"a": [{"b": [{"b": "x"}]}]})
@example("$entries(a)", {"a": {"x": [1, 2], "y": 3}})
@example("$plus('2026-03-06T12:00:00Z', a)", {"a": 5})
def test_simple_expressions_give_the_values_that_jsonata_gives(text: str, body: Any) -> None:
    assert value_of(text, body) == jsonata_value_of(text, body)


@pytest.mark.parametrize(
    "text", ["'a' & a", "$table('dining', a) ?: 'x'", "a[b = 'x']", "$record.a", "$table('dining', a) & b"]
)
def test_the_most_common_expressions_are_not_left_to_jsonata(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def evaluate(self: Jsonata, *given: Any) -> None:
        raise AssertionError(text)

    monkeypatch.setattr(Jsonata, "evaluate", evaluate)
    assert value_of(text, {"a": {"b": "x"}} if "[" in text else {"a": "g-1", "b": "y"}) not in (None, "failed")


@pytest.mark.parametrize(
    "text", ["'ready'", '"ready"', "'a & b'", "'it''s'", "'a.b'", r"'a\'b'", "true", "null", "a[0]"]
)
def test_expressions_that_only_look_like_a_path_or_a_text_are_left_to_jsonata(text: str) -> None:
    body = {"a": [1, 2], "true": "no"}
    try:
        expected = jsonata_value_of(text, body)
    except Exception:
        with pytest.raises(BadExpression):
            compile_expression(text, FUNCTIONS, frozenset())
    else:
        assert value_of(text, body) == expected
