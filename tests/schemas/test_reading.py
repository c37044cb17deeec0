"""Decoding of records: each is an event, or is refused with a reason of the list."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import Clock, Correction, PromisesMade, StepReached
from schemas.reading import MAX_BYTES, REFUSAL_REASONS, RefusalReason, Refused, event_from_fields, read_event

COFFEE: dict[str, Any] = {
    "type": "step_reached",
    "id": "pos-4",
    "case": "order-1043",
    "occurred_at": "2026-03-06T12:43:30Z",
    "step": "ready",
}
READY = StepReached(
    id="pos-4", case="order-1043", occurred_at=datetime(2026, 3, 6, 12, 43, 30, tzinfo=UTC), step="ready"
)
SOUND = json.dumps(COFFEE).encode()


def with_(**fields: Any) -> bytes:
    """Return the example with other fields."""
    return json.dumps(COFFEE | fields).encode()


def where_case_is(written: bytes) -> bytes:
    """Return the example with these bytes as its case."""
    return SOUND.replace(b'"order-1043"', written)


def with_unknown(written: bytes) -> bytes:
    """Return the example with an unknown field of these bytes."""
    return SOUND[:-1] + b', "note": ' + written + b"}"


FEEDS: list[tuple[str, bytes | None, RefusalReason]] = [
    ("a tombstone: a key and no value", None, "empty"),
    ("a value of no bytes", b"", "empty"),
    ("a photo of the parcel, two mebibytes, instead of the event", b"\xff\xd8\xff\xe0" * (1 << 19), "too_large"),
    ("an event with a whole log file in a field, one byte too many", with_(note="x" * MAX_BYTES), "too_large"),
    ("blank lines", b" \r\n\t", "not_json"),
    ("a connection that broke in the middle of the event", SOUND[: len(SOUND) // 2], "not_json"),
    ("only the first byte arrived", SOUND[:1], "not_json"),
    ("two events in one record", SOUND + SOUND, "not_json"),
    ("two events in two lines of one record", SOUND + b"\n" + SOUND, "not_json"),
    ("a byte order mark from a Windows till", b"\xef\xbb\xbf" + SOUND, "not_json"),
    ("UTF-16 from a Windows till", SOUND.decode().encode("utf-16"), "not_json"),
    ("XML", b"<order id='1043'/>", "not_json"),
    ("Avro with the header of a schema registry", b"\x00\x00\x00\x00\x05\x14order-1043", "not_json"),
    ("a Python dict, printed", str(COFFEE).encode(), "not_json"),
    ("a case in Latin-1", where_case_is(b'"caf\xe9-7"'), "not_json"),
    ("a case with a null byte in two bytes", where_case_is(b'"\xc0\x80"'), "not_json"),
    ("half an emoji, escaped", where_case_is(b'"\\ud83d"'), "not_json"),
    ("the other half, escaped", where_case_is(b'"\\ude00"'), "not_json"),
    ("half an emoji in raw bytes", where_case_is(b'"\xed\xa0\xbd"'), "not_json"),
    ("half an emoji in a field that nobody defined", with_unknown(b'"\\ud83d"'), "not_json"),
    ("an average of no values: NaN", with_unknown(b"NaN"), "not_json"),
    ("a division by zero: Infinity", with_unknown(b"-Infinity"), "not_json"),
    ("a number with a leading zero", with_unknown(b"007"), "not_json"),
    ("lists in lists, a hundred thousand deep", with_unknown(b"[" * 100_000 + b"]" * 100_000), "not_json"),
    ("objects in objects, a hundred thousand deep", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "not_json"),
    ("null, in writing", b"null", "bad_value"),
    ("a list of events in one record", b"[" + SOUND + b"]", "bad_value"),
    ("an event packed in a string", json.dumps(SOUND.decode()).encode(), "bad_value"),
    ("an unfinished list, a hundred thousand deep", b"[" * 100_000, "bad_value"),
    ("an empty object", b"{}", "unknown_type"),
    ("the webhook of another system", b'{"event": "order.paid", "data": {}}', "unknown_type"),
    ("a type that nobody defined", with_(type="order_paid"), "unknown_type"),
    ("two types in one object", SOUND[:-1] + b', "type": "cancelled"}', "unknown_type"),
    ("a case of null", with_(case=None), "no_case"),
    ("a number for a case", with_(case=1043), "no_case"),
    ("the year 0", with_(occurred_at="0000-01-01T00:00:00Z"), "bad_time"),
    ("30 February", with_(occurred_at="2026-02-30T12:00:00Z"), "bad_time"),
    ("a time without a zone", with_(occurred_at="2026-03-06T12:43:30"), "bad_time"),
    ("a time of the United States", with_(occurred_at="03/06/2026 12:43 PM"), "bad_time"),
    ("milliseconds since 1970", with_(received_at=1772800000000), "bad_time"),
    ("a step of true", with_(step=True), "bad_value"),
    ("a channel of 1e400", with_(channel=5).replace(b"5}", b"1e400}"), "bad_value"),
]


@pytest.mark.parametrize(("story", "value", "reason"), FEEDS, ids=[story for story, _, _ in FEEDS])
def test_an_invalid_record_is_refused_with_its_reason(story: str, value: bytes | None, reason: RefusalReason) -> None:
    with pytest.raises(Refused) as refused:
        read_event(value)
    assert refused.value.reason == reason, story
    assert refused.value.detail


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"occurred_at": "2026-03-06T12:43:30"}, ["timezone", "$.occurred_at"]),
        ({"case": 1043}, ["`str`", "`int`", "$.case"]),
        ({"type": "order_paid"}, ["order_paid", "$.type"]),
        ({"type": "promises_made", "promises": [{"kind": "ready"}]}, ["`due`", "$.promises[0]"]),
        ({"type": "correction", "corrects": "pos-4", "event": COFFEE | {"step": 3}}, ["$.event.step"]),
    ],
)
def test_the_detail_names_the_fault_and_the_field(fields: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(Refused) as refused:
        read_event(with_(**fields))
    assert all(word in refused.value.detail for word in words), refused.value.detail


SAYS_OTHERWISE: list[tuple[str, dict[str, Any], RefusalReason]] = [
    ("a type that speaks of the case", {"type": "x - at `$.case`"}, "unknown_type"),
    ("a type that speaks of a missing field", {"type": "Object missing required field `case`"}, "unknown_type"),
    (
        "an origin that speaks of a time",
        {
            "type": "promises_made",
            "promises": [{"kind": "ready", "due": "2026-03-06T12:40:00Z", "origin": "x - at `$.due`"}],
        },
        "bad_value",
    ),
]


@pytest.mark.parametrize(("story", "fields", "reason"), SAYS_OTHERWISE, ids=[story for story, _, _ in SAYS_OTHERWISE])
def test_the_content_of_a_record_cannot_choose_the_reason(
    story: str, fields: dict[str, Any], reason: RefusalReason
) -> None:
    with pytest.raises(Refused) as refused:
        read_event(with_(**fields))
    assert refused.value.reason == reason, story


def test_the_detail_of_a_huge_value_fits_into_a_header() -> None:
    with pytest.raises(Refused) as refused:
        read_event(with_(type="x" * 900_000))
    assert len(refused.value.detail) < 1_000
    assert "$.type" in refused.value.detail


def test_an_event_of_exactly_one_mebibyte_is_read() -> None:
    padded = with_unknown(b'"' + b"x" * (MAX_BYTES - len(with_unknown(b'""'))) + b'"')
    assert len(padded) == MAX_BYTES
    assert read_event(padded) == READY


@pytest.mark.parametrize(
    ("story", "value"),
    [
        ("a line end after it", SOUND + b"\r\n"),
        ("its type last", json.dumps(dict(reversed(COFFEE.items()))).encode()),
        ("the same field twice: the last one counts", where_case_is(b'"order-9", "case": "order-1043"')),
        ("letters written as escapes", where_case_is(b'"\\u006frder-1043"')),
        ("a field of another system in capitals", with_(TYPE="PAID", Case=1)),
        ("a number that fits nowhere, in a field that nobody defined", with_unknown(b"1e400")),
        ("a hundred levels in a field that nobody defined", with_unknown(b"[" * 100 + b"]" * 100)),
        ("nulls for what may be left out", with_(location=None, staff=None, received_at=None)),
    ],
)
def test_an_unusual_but_valid_event_is_read(story: str, value: bytes) -> None:
    assert read_event(value) == READY, story


def test_names_of_every_script_are_names() -> None:
    event = read_event(with_(case="注文-7", step="готово", location="Zoë's 🥐"))
    assert event == StepReached(
        id="pos-4", case="注文-7", occurred_at=READY.occurred_at, step="готово", location="Zoë's 🥐"
    )


def test_an_event_without_promises_is_read() -> None:
    event = read_event(
        b'{"type": "promises_made", "id": "1", "case": "order-1044", "occurred_at": "2026-03-06T12:33:00Z"}'
    )
    assert isinstance(event, PromisesMade)
    assert event.promises == []


def test_a_correction_may_have_no_event() -> None:
    event = read_event(with_(type="correction", id="pos-5", corrects="pos-4"))
    assert isinstance(event, Correction)
    assert event.event is None


def test_a_clock_needs_no_case() -> None:
    assert read_event(b'{"type": "clock", "source": "pos", "at": "2026-03-06T12:50:00Z"}') == Clock(
        source="pos", at=datetime(2026, 3, 6, 12, 50, tzinfo=UTC)
    )


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_random_bytes_are_refused(noise: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read_event(noise)
    assert refused.value.reason in REFUSAL_REASONS


def outcome(reader: Callable[[], object]) -> object:
    """Return the event, or the reason of the refusal."""
    try:
        return reader()
    except Refused as refused:
        return refused.reason


@given(st.integers(0, len(SOUND) - 1), st.binary(min_size=1, max_size=3))
def test_an_event_with_some_bytes_damaged_is_read_or_refused(at: int, damage: bytes) -> None:
    words = outcome(lambda: read_event(SOUND[:at] + damage + SOUND[at + len(damage) :]))
    assert isinstance(words, StepReached) or words in REFUSAL_REASONS


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | st.integers() | FLOATS | st.text(max_size=9)
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(max_size=3), SCALARS, max_size=2)


@given(st.sampled_from([*COFFEE, "subject", "location", "staff", "received_at"]), VALUES)
def test_any_field_value_has_the_same_result_from_json_and_from_fields(field: str, value: Any) -> None:
    fields = COFFEE | {field: value}

    assert outcome(lambda: event_from_fields(fields)) == outcome(lambda: read_event(json.dumps(fields).encode()))


def test_fields_may_have_datetimes() -> None:
    assert event_from_fields(COFFEE | {"occurred_at": READY.occurred_at}) == READY


@pytest.mark.parametrize(
    ("story", "fields", "reason"),
    [
        ("half an emoji in the case", {"case": "order-\ud83d"}, "bad_value"),
        ("half an emoji in the type", {"type": "\ud83d"}, "bad_value"),
        ("a time without a zone", {"occurred_at": datetime(2026, 3, 6, 12, 43)}, "bad_time"),
        ("a set of cases", {"case": {"order-1043"}}, "no_case"),
    ],
)
def test_invalid_fields_are_refused(story: str, fields: dict[str, Any], reason: RefusalReason) -> None:
    with pytest.raises(Refused) as refused:
        event_from_fields(COFFEE | fields)
    assert refused.value.reason == reason, story
    refused.value.detail.encode()
