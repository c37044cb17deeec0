"""What adapters compute beside paths, where the package and JSONata itself differ."""

from __future__ import annotations

from typing import Any

import pytest

from streams.adapters.expressions import compile_expression
from streams.adapters.feed_records import OpenedRecord
from streams.adapters.functions import functions
from streams.adapters.scope import Scope


def said(text: str, body: Any) -> Any:
    return compile_expression(text, functions({}, {}), frozenset()).read(Scope(body, OpenedRecord(body), {}))


@pytest.mark.parametrize("body", [{}, {"status": None}, {"status": ""}, {"status": False}, {"status": []}])
def test_an_order_without_a_status_is_not_one_with_a_status(body: Any) -> None:
    assert said("$not(status)", body) is True


@pytest.mark.parametrize("body", [{"status": "open"}, {"status": True}, {"status": ["open"]}, {"status": 1}])
def test_an_order_with_a_status_is_not_one_without(body: Any) -> None:
    assert said("$not(status)", body) is False


def test_not_may_be_part_of_more() -> None:
    assert said("id and $not(status)", {"id": 7}) is True
    assert said("orders[$not(status)].id", {"orders": [{"id": 7}, {"id": 8, "status": "open"}]}) == 7
