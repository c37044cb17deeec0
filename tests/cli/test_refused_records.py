"""Refused records as promise.rejects holds them: what waits, what was retried, and what is sent again."""

from __future__ import annotations

import pytest

from streams.cli.refused_records import RejectFilter, again, note, noted, reject_of, survey
from streams.cli.terminal_text import SHOWN, shown
from streams.kafka.topic_reader import parse_position
from streams.records import Headers, KafkaRecord, RecordPosition

CAME = 1_772_800_000_000


def _headers(**said: str) -> Headers:
    return tuple((name, text.encode()) for name, text in said.items())


def _of_worker(offset: int, reason: str = "unknown_kind") -> KafkaRecord:
    """A record of promise.events that a worker refused."""
    said = _headers(
        reason=reason, detail="warm", topic="promise.events", partition="1", offset="9", timestamp=str(CAME)
    )
    return KafkaRecord(CAME + 5_000 + offset, b"o-17", b"{}", said, 1, offset)


def _of_intake(offset: int, *own: tuple[str, bytes], **more: str) -> KafkaRecord:
    """A record of a feed that intake refused, with the headers it came with."""
    where = _headers(topic="feeds.square", partition="2", offset="40", timestamp=str(CAME), **more)
    said = _headers(reason="unknown_shape", detail="no rule fits", feed="square", adapter="square")
    original = tuple((f"original.{name}", value) for name, value in own)
    return KafkaRecord(CAME + 9_000 + offset, b"k", b"\xff\x00", (*said, *where, *original), 0, offset)


def test_what_waits_is_counted_by_topic_feed_and_reason() -> None:
    records = [_of_worker(1), _of_worker(2), _of_worker(3, "not_json"), _of_intake(4)]
    found = survey(records, RejectFilter())
    assert [(group.topic, group.feed, group.reason, count) for group, count, _ in found.counts()] == [
        ("promise.events", "", "unknown_kind", 2),
        ("feeds.square", "square", "unknown_shape", 1),
        ("promise.events", "", "not_json", 1),
    ]
    assert found.newest(2) == [RecordPosition(0, 4), RecordPosition(1, 3)]


def test_what_was_retried_waits_no_more_whenever_its_note_is_read() -> None:
    told = note(reject_of(_of_worker(2)))
    records = [KafkaRecord(CAME + 60_000, None, b"", told, 1, 7), _of_worker(1), _of_worker(2)]
    found = survey(records, RejectFilter())
    assert (set(found.waiting), found.retried) == ({RecordPosition(1, 1)}, 1)


def test_a_note_on_what_is_past_its_retention_says_nothing() -> None:
    told = note(reject_of(_of_worker(2)))
    found = survey([KafkaRecord(CAME, None, b"", told, 1, 7), _of_worker(5)], RejectFilter())
    assert (set(found.waiting), found.retried) == ({RecordPosition(1, 5)}, 0)


@pytest.mark.parametrize(
    ("wanted", "offsets"),
    [
        (RejectFilter(reasons=["not_json", "unknown_shape"]), {3, 4}),
        (RejectFilter(feeds=["square"]), {4}),
        (RejectFilter(topics=["promise.events"], reasons=["unknown_kind"]), {1}),
        (RejectFilter(since=CAME + 5_003), {3, 4}),
        (RejectFilter(places=[RecordPosition(1, 1), RecordPosition(1, 99)]), {1}),
        (RejectFilter(reasons=["too_large"]), set()),
    ],
)
def test_a_filter_means_only_what_fits_it(wanted: RejectFilter, offsets: set[int]) -> None:
    found = survey([_of_worker(1), _of_worker(3, "not_json"), _of_intake(4)], wanted)
    assert {at.offset for at in found.waiting} == offsets


def test_a_record_of_a_feed_goes_back_as_it_came() -> None:
    sent = again(reject_of(_of_intake(4, ("X-Square-Retry", b"1"), ("trace", b"\xfe"))))
    assert sent[:5] == ("feeds.square", 2, CAME, b"k", b"\xff\x00")
    assert sent.headers == (
        ("X-Square-Retry", b"1"),
        ("trace", b"\xfe"),
        ("promises.retried", b"0@4"),
        ("promises.received_at", b"2026-03-06T12:26:40.000Z"),
    )


def test_a_record_that_the_gateway_took_keeps_the_time_at_which_it_did() -> None:
    sent = again(reject_of(_of_intake(4, ("promises.received_at", b"2026-03-06T12:00:00Z"))))
    assert [value for name, value in sent.headers if name == "promises.received_at"] == [b"2026-03-06T12:00:00Z"]


def test_a_record_that_is_retried_again_says_where_its_last_refusal_stands() -> None:
    sent = again(reject_of(_of_intake(8, ("promises.retried", b"0@4"))))
    assert [value for name, value in sent.headers if name == "promises.retried"] == [b"0@8"]


def test_a_record_of_which_only_the_beginning_was_kept_or_that_came_from_nowhere_cannot_go_back() -> None:
    assert "only its beginning was kept, it had 99 bytes" in reject_of(_of_intake(4, cut="99 bytes")).why_not
    assert "nobody says which topic" in reject_of(KafkaRecord(CAME, None, b"{}", (), 0, 1)).why_not
    assert reject_of(_of_worker(1)).why_not == ""


@pytest.mark.parametrize("text", ["-1", "9" * 18, "noon", "٣"])
def test_a_time_that_cannot_be_true_is_not_told(text: str) -> None:
    reject = reject_of(KafkaRecord(CAME, None, b"{}", _headers(topic="feeds.square", timestamp=text), 0, 1))
    assert reject.came_at == ""
    assert [name for name, _ in again(reject).headers] == ["promises.retried"]


def test_a_note_that_names_no_place_is_a_refused_record() -> None:
    assert noted(KafkaRecord(CAME, None, b"", _headers(retried="all of them"), 0, 1)) is None


def test_a_place_is_written_as_partition_and_offset() -> None:
    assert parse_position("3@17") == RecordPosition(3, 17)
    assert str(RecordPosition(3, 17)) == "3@17"
    for wrong in ("3", "3@", "@17", "-1@2", "3@17 ", "three@17"):
        with pytest.raises(ValueError, match="PARTITION@OFFSET"):
            parse_position(wrong)


def test_text_is_shown_as_text_without_what_would_move_the_cursor() -> None:
    assert shown('{"note":\n\t"Café"}'.encode()) == '{"note":\n\t"Café"}'
    assert shown(b'{"note": "' + b"x" * 60 + b'\x1b[2J"}') == '{"note": "' + "x" * 60 + '\\x1b[2J"}'


def test_bytes_that_are_no_text_are_shown_as_hex() -> None:
    first, second = shown(b"\x00\x00\x00\x00\x07{}" + bytes(range(240, 250))).splitlines()
    assert first == "00000000  00 00 00 00 07 7b 7d f0 f1 f2 f3 f4 f5 f6 f7 f8  .....{}........."
    assert second.split() == ["00000010", "f9", "."]


def test_a_long_record_is_shown_up_to_a_letter_and_says_how_much_is_left() -> None:
    told = shown(b"x" * (SHOWN - 1) + "é".encode() + b"y" * 9)
    assert told == "x" * (SHOWN - 1) + "\n... 10 more bytes; --raw writes all"
