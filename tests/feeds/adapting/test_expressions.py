"""What our own code reads of an expression is what JSONata would read of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonata import Jsonata

from streams.feeds.adapting.expressions import BadExpression, ExpressionFailed, compiled
from streams.feeds.adapting.functions import functions
from streams.feeds.adapting.scope import Scope
from streams.feeds.deliveries import Opened

FUNCTIONS = functions({"dining": {"g-1": "TAKE_OUT"}}, {"soho": "Europe/London"})
KEYS = st.sampled_from(["a", "b", "c d"])
LEAVES = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-2, 2) | st.sampled_from(["", "a", "x"])
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


def said(text: str, body: Any) -> Any:
    """What our code reads; its errors are as good as values."""
    try:
        return compiled(text, FUNCTIONS, frozenset({"record"})).read(Scope(body, Opened(body), {"record": _RECORD}))
    except ExpressionFailed:
        return "failed"


def said_by_jsonata(text: str, body: Any) -> Any:
    expression = Jsonata(text)
    for name, function in FUNCTIONS.items():
        expression.register_lambda(name, function)
    try:
        return expression.evaluate(body, {"record": body})
    except Exception:  # as our code takes all that it raises for one failure
        return "failed"


@settings(max_examples=400, deadline=None)
@given(ROOTED, TREES)
@example("a.b", {"a": [{"b": 1}, {"b": [2]}]})
@example("a.b", {"a": [{"b": 1}]})
@example("a", {"a": [[]]})
@example("$record.a", [{"a": 1}, {"a": 2}])
def test_a_path_is_what_jsonata_takes_it_for(path: str, body: Any) -> None:
    assert said(path, body) == said_by_jsonata(path, body)


@settings(max_examples=200, deadline=None)
@given(st.lists(ATOMS, min_size=2, max_size=3).map(" & ".join), TREES)
@example("'a' & a & `c d`", {"a": 1.5, "c d": True})
def test_texts_put_together_are_what_jsonata_makes_of_them(text: str, body: Any) -> None:
    assert said(text, body) == said_by_jsonata(text, body)


@pytest.mark.parametrize(
    "text", ["'ready'", '"ready"', "'a & b'", "'it''s'", "'a.b'", r"'a\'b'", "true", "null", "a[0]"]
)
def test_what_looks_like_a_path_or_a_text_and_is_none_is_jsonata(text: str) -> None:
    body = {"a": [1, 2], "true": "no"}
    try:
        expected = said_by_jsonata(text, body)
    except Exception:
        with pytest.raises(BadExpression):
            compiled(text, FUNCTIONS, frozenset())
    else:
        assert said(text, body) == expected
