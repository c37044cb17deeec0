from __future__ import annotations

import pytest

from schemas.reading import Refused
from streams.adapters.decoding import decode


def test_an_id_that_a_float_would_change_is_read_as_its_digits() -> None:
    assert decode(b'{"id": 9007199254740993, "lines": [{"id": -9007199254740993}]}') == {
        "id": "9007199254740993",
        "lines": [{"id": "-9007199254740993"}],
    }


def test_a_number_that_a_float_holds_exactly_stays_a_number() -> None:
    assert decode(b'{"id": 9007199254740992, "paid": true, "total": 0.1234567890123456}') == {
        "id": 9007199254740992,
        "paid": True,
        "total": 0.1234567890123456,
    }


@pytest.mark.parametrize("value", [b"", b"<order/>", b'{"id": 1', b'"\xff"', b"[" * 100_000])
def test_text_that_is_not_json_is_refused(value: bytes) -> None:
    with pytest.raises(Refused) as refused:
        decode(value)
    assert refused.value.reason == "not_json"
