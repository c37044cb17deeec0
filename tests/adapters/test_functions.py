"""The functions of adapters, where the package differs from JSONata itself."""

from __future__ import annotations

from typing import Any

import pytest

from streams.adapters.expressions import compile_expression
from streams.adapters.feed_records import OpenedRecord
from streams.adapters.functions import functions
from streams.adapters.scope import Scope


def value_of(text: str, body: Any) -> Any:
    return compile_expression(text, functions({}, {}), frozenset()).read(Scope(body, OpenedRecord(body), {}))


@pytest.mark.parametrize("body", [{}, {"status": None}, {"status": ""}, {"status": False}, {"status": []}])
def test_not_is_true_for_an_order_without_a_status(body: Any) -> None:
    assert value_of("$not(status)", body) is True


@pytest.mark.parametrize("body", [{"status": "open"}, {"status": True}, {"status": ["open"]}, {"status": 1}])
def test_not_is_false_for_an_order_with_a_status(body: Any) -> None:
    assert value_of("$not(status)", body) is False


def test_not_may_be_part_of_a_larger_expression() -> None:
    assert value_of("id and $not(status)", {"id": 7}) is True
    assert value_of("orders[$not(status)].id", {"orders": [{"id": 7}, {"id": 8, "status": "open"}]}) == 7
