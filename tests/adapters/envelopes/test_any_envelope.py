"""Envelopes nested in any order open to the same body. Other input is refused with a reason, or is the body itself."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Final

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.reading import Refused
from streams.adapters.envelopes import MAX_DEPTH, MAX_ENVELOPES, open_envelopes
from streams.adapters.feed_records import FeedRecord
from tests.adapters.envelopes.wrapping import Sent, envelopes_of, opened, plain, refused, wraps

_NAMES: Final = st.sampled_from(["id", "state", "lines", "due", "note", "total"])
_SCALARS: Final = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8)
_BODIES: Final = st.dictionaries(_NAMES, _SCALARS | st.lists(_SCALARS, max_size=3), max_size=5)


@st.composite
def _wrapped(draw: st.DrawFn) -> tuple[dict[str, Any], Sent]:
    """A body, and a record with it in as many envelopes as may be, or fewer."""
    body = draw(_BODIES)
    sent, left = plain(body), draw(st.integers(0, MAX_ENVELOPES))
    while fitting := [wrap for wrap in wraps(sent) if envelopes_of(wrap) <= left]:
        wrap = draw(st.sampled_from(fitting))
        sent, left = wrap(sent), left - envelopes_of(wrap)
    return body, sent


@given(_wrapped())
def test_any_envelope_inside_any_other_opens_to_the_same_body(case: tuple[dict[str, Any], Sent]) -> None:
    body, sent = case
    assert opened(sent).body == body


@given(_BODIES, st.data())
def test_the_names_of_all_envelopes_are_reported(body: dict[str, Any], data: st.DataObject) -> None:
    inner = plain(body)
    first = data.draw(st.sampled_from(wraps(inner)))
    second = data.draw(st.sampled_from(wraps(first(inner))))
    each = Counter(opened(first(inner)).envelopes) + Counter(opened(second(inner)).envelopes)
    assert Counter(opened(second(first(inner))).envelopes) == each


def test_one_envelope_too_many_is_refused() -> None:
    value = json.dumps({"id": 1})
    for _ in range(MAX_ENVELOPES):
        value = json.dumps({"schema": None, "payload": value})
    refusal = refused(Sent(value.encode()))
    assert (refusal.reason, "more than 8" in refusal.detail) == ("bad_envelope", True)


_HEADERS: Final = st.dictionaries(
    st.sampled_from(
        ["content-type", "ce_specversion", "ce-specversion", "ce_id", "__value_schema_id", "promises.received_at", "id"]
    ),
    st.text(max_size=20)
    | st.sampled_from(["1.0", "application/cloudevents+json", "application/x-www-form-urlencoded", "\x00\x00\x00\x00"]),
)
_WORDS: Final = (
    *("headers", "body", "query", "receivedAt", "requestContext", "timeEpoch", "isBase64Encoded"),
    *("schema", "payload", "op", "before", "after", "source", "ts_ms", "aggregatetype", "aggregateid"),
    *("specversion", "type", "id", "data", "data_base64", "datacontentencoding"),
)
_JSON: Final = st.recursive(
    _SCALARS | st.floats() | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(_WORDS),
            inner
            | st.sampled_from(
                ["c", "d", "1.0", "base64", "{}", '"x"', "payload=1", "eyJhIjoxfQ==", [["a", 1]], {"a": 1}]
            ),
            max_size=6,
        )
    ),
    max_leaves=12,
)


def _is_opened_or_refused(value: bytes, headers: dict[str, str], key: bytes | None = None) -> None:
    try:
        record = open_envelopes(FeedRecord(value, key, headers, "feeds.shop", 1))
    except Refused:
        return
    content = [record.body, dict(record.headers), record.key] if record else []
    assert msgspec.json.encode(content)  # it can be written down, whatever came


@given(st.binary(max_size=200), _HEADERS, st.none() | st.binary(max_size=30))
@example(b"\x01", {}, b"\x00\x00\x00\x00\x01{}")
@example(b"payload=%ff", {}, b'{"schema":1,"payload":{"id":null}}')
@example(b'"\\ud800"', {"x": "\udcff"}, b"\xff")
def test_arbitrary_bytes_are_opened_or_refused(value: bytes, headers: dict[str, str], key: bytes | None) -> None:
    _is_opened_or_refused(value, headers, key)


@given(_JSON, _HEADERS)
def test_arbitrary_json_with_names_of_envelopes_is_opened_or_refused(body: Any, headers: dict[str, str]) -> None:
    _is_opened_or_refused(json.dumps(body).encode(), headers)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 400, 700, 5_000, 400_000])
@pytest.mark.parametrize("leaf", ["1", "9007199254740993"], ids=["a number", "an id"])
def test_json_that_is_nested_too_deep_is_refused(depth: int, leaf: str) -> None:
    value = "[" * depth + leaf + "]" * depth
    assert refused(Sent(value.encode())).reason in ("bad_envelope", "not_json")


def test_json_as_deep_as_it_may_be_is_opened() -> None:
    depth = MAX_DEPTH - 1
    assert opened(Sent(b'{"a":' * depth + b"1" + b"}" * depth)).body["a"]


def test_a_record_larger_than_any_event_is_refused_unread() -> None:
    assert refused(Sent(b" " * (1 << 20) + b"{}")).reason == "too_large"


def test_a_record_without_value_is_a_tombstone_and_an_empty_one_is_refused() -> None:
    assert open_envelopes(FeedRecord(None, b"order-17")) is None
    assert refused(Sent(b"")).reason == "empty"
