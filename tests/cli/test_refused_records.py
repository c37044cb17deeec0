"""Tests of the refused records in promise.rejects: filtering, counting, retry notes and retried records."""

from __future__ import annotations

import pytest

from streams.cli.output import MAX_SHOWN, record_text
from streams.cli.refused_records import RejectFilter, position_in_note, read_reject, retry_note, retry_record, survey
from streams.kafka.topic_reader import parse_position
from streams.records import Headers, KafkaRecord, RecordPosition

TIMESTAMP = 1_772_800_000_000


def _headers(**texts: str) -> Headers:
    return tuple((name, text.encode()) for name, text in texts.items())


def _refused_by_worker(offset: int, reason: str = "unknown_kind") -> KafkaRecord:
    """Return a record of promise.events that a worker refused."""
    headers = _headers(
        reason=reason, detail="warm", topic="promise.events", partition="1", offset="9", timestamp=str(TIMESTAMP)
    )
    return KafkaRecord(TIMESTAMP + 5_000 + offset, b"o-17", b"{}", headers, 1, offset)


def _refused_by_intake(offset: int, *own: tuple[str, bytes], **more: str) -> KafkaRecord:
    """Return a record of a feed that intake refused, with its own headers."""
    source = _headers(topic="feeds.square", partition="2", offset="40", timestamp=str(TIMESTAMP), **more)
    refusal = _headers(reason="unknown_shape", detail="no rule fits", feed="square", adapter="square")
    original = tuple((f"original.{name}", value) for name, value in own)
    return KafkaRecord(TIMESTAMP + 9_000 + offset, b"k", b"\xff\x00", (*refusal, *source, *original), 0, offset)


def test_waiting_records_are_counted_by_topic_feed_and_reason() -> None:
    records = [_refused_by_worker(1), _refused_by_worker(2), _refused_by_worker(3, "not_json"), _refused_by_intake(4)]
    result = survey(records, RejectFilter())
    assert [(group.topic, group.feed, group.reason, count) for group, count, _ in result.counts()] == [
        ("promise.events", "", "unknown_kind", 2),
        ("feeds.square", "square", "unknown_shape", 1),
        ("promise.events", "", "not_json", 1),
    ]
    assert result.newest(2) == [RecordPosition(0, 4), RecordPosition(1, 3)]


def test_a_retried_record_does_not_wait_even_if_its_note_is_read_first() -> None:
    note = retry_note(read_reject(_refused_by_worker(2)))
    records = [KafkaRecord(TIMESTAMP + 60_000, None, b"", note, 1, 7), _refused_by_worker(1), _refused_by_worker(2)]
    result = survey(records, RejectFilter())
    assert (set(result.waiting), result.retried) == ({RecordPosition(1, 1)}, 1)


def test_a_note_on_a_deleted_record_is_ignored() -> None:
    note = retry_note(read_reject(_refused_by_worker(2)))
    result = survey([KafkaRecord(TIMESTAMP, None, b"", note, 1, 7), _refused_by_worker(5)], RejectFilter())
    assert (set(result.waiting), result.retried) == ({RecordPosition(1, 5)}, 0)


@pytest.mark.parametrize(
    ("selected", "offsets"),
    [
        (RejectFilter(reasons=["not_json", "unknown_shape"]), {3, 4}),
        (RejectFilter(feeds=["square"]), {4}),
        (RejectFilter(topics=["promise.events"], reasons=["unknown_kind"]), {1}),
        (RejectFilter(since=TIMESTAMP + 5_003), {3, 4}),
        (RejectFilter(positions=[RecordPosition(1, 1), RecordPosition(1, 99)]), {1}),
        (RejectFilter(reasons=["too_large"]), set()),
    ],
)
def test_a_filter_selects_matching_records(selected: RejectFilter, offsets: set[int]) -> None:
    result = survey([_refused_by_worker(1), _refused_by_worker(3, "not_json"), _refused_by_intake(4)], selected)
    assert {position.offset for position in result.waiting} == offsets


def test_a_record_of_a_feed_is_retried_with_its_original_content() -> None:
    sent = retry_record(read_reject(_refused_by_intake(4, ("X-Square-Retry", b"1"), ("trace", b"\xfe"))))
    assert (sent.topic, sent.partition, sent.timestamp) == ("feeds.square", 2, TIMESTAMP)
    assert (sent.key, sent.value) == (b"k", b"\xff\x00")
    assert sent.headers == (
        ("X-Square-Retry", b"1"),
        ("trace", b"\xfe"),
        ("promises.retried", b"0@4"),
        ("promises.received_at", b"2026-03-06T12:26:40.000Z"),
    )


def test_the_gateways_time_of_receipt_is_kept() -> None:
    sent = retry_record(read_reject(_refused_by_intake(4, ("promises.received_at", b"2026-03-06T12:00:00Z"))))
    assert [value for name, value in sent.headers if name == "promises.received_at"] == [b"2026-03-06T12:00:00Z"]


def test_a_second_retry_names_the_last_refusal() -> None:
    sent = retry_record(read_reject(_refused_by_intake(8, ("promises.retried", b"0@4"))))
    assert [value for name, value in sent.headers if name == "promises.retried"] == [b"0@8"]


def test_a_cut_record_or_one_without_a_topic_cannot_be_retried() -> None:
    assert "only its beginning was kept, it had 99 bytes" in read_reject(_refused_by_intake(4, cut="99 bytes")).why_not
    assert "its topic is not known" in read_reject(KafkaRecord(TIMESTAMP, None, b"{}", (), 0, 1)).why_not
    assert read_reject(_refused_by_worker(1)).why_not == ""


@pytest.mark.parametrize("text", ["-1", "9" * 18, "noon", "٣"])
def test_an_implausible_time_is_ignored(text: str) -> None:
    reject = read_reject(KafkaRecord(TIMESTAMP, None, b"{}", _headers(topic="feeds.square", timestamp=text), 0, 1))
    assert reject.received_at == ""
    assert [name for name, _ in retry_record(reject).headers] == ["promises.retried"]


def test_a_note_without_a_position_is_not_a_note() -> None:
    assert position_in_note(KafkaRecord(TIMESTAMP, None, b"", _headers(retried="all of them"), 0, 1)) is None


def test_a_position_is_written_as_partition_and_offset() -> None:
    assert parse_position("3@17") == RecordPosition(3, 17)
    assert str(RecordPosition(3, 17)) == "3@17"
    for wrong in ("3", "3@", "@17", "-1@2", "3@17 ", "three@17"):
        with pytest.raises(ValueError, match="PARTITION@OFFSET"):
            parse_position(wrong)


def test_text_is_shown_with_control_characters_escaped() -> None:
    assert record_text('{"note":\n\t"Café"}'.encode()) == '{"note":\n\t"Café"}'
    assert record_text(b'{"note": "' + b"x" * 60 + b'\x1b[2J"}') == '{"note": "' + "x" * 60 + '\\x1b[2J"}'


def test_bytes_that_are_not_text_are_shown_as_hex() -> None:
    first, second = record_text(b"\x00\x00\x00\x00\x07{}" + bytes(range(240, 250))).splitlines()
    assert first == "00000000  00 00 00 00 07 7b 7d f0 f1 f2 f3 f4 f5 f6 f7 f8  .....{}........."
    assert second.split() == ["00000010", "f9", "."]


def test_a_long_record_is_cut_after_a_whole_character() -> None:
    text = record_text(b"x" * (MAX_SHOWN - 1) + "é".encode() + b"y" * 9)
    assert text == "x" * (MAX_SHOWN - 1) + "\n... 10 more bytes; --raw writes all"
