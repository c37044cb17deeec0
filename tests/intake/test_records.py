"""The records that intake writes for one record of a feed: events, rejects, notifications and clock records."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2

from schemas.events import Clock, StepReached
from schemas.instants import Instant, to_datetime
from schemas.reading import Refused
from streams.adapters.feed_records import AdaptedRecord, ThinNotification
from streams.config.feeds import Feed
from streams.intake.records import LARGEST, RecordContext, clock_records, output_records, partition_of
from streams.kafka.topics import EVENTS, NEEDS_FETCH, REJECTS
from streams.records import OutputRecord
from tests.intake.topic_record import NOON, TopicRecord

WALL = NOON + 3_600_000
PARTITIONS = {EVENTS.name: 3, REJECTS.name: 2, NEEDS_FETCH.name: 4}
SQUARE = Feed("square", "feeds.square", adapter="square")


ORIGINAL = TopicRecord(offset=7, value=b"{}", key=b"order 1", headers=(("X-Shop", b"soho"), ("X-Shop", None)))


def context_of(record: TopicRecord) -> RecordContext:
    return RecordContext.of(SQUARE, TP("feeds.square", 5), record, WALL)


def only_output(adapted: AdaptedRecord | Refused, record: TopicRecord) -> OutputRecord:
    (output,) = output_records(adapted, context_of(record), PARTITIONS)
    return output


def event(case: str, step: str) -> StepReached:
    return StepReached(id=step, case=case, occurred_at=to_datetime(NOON), step=step)


def test_events_go_to_the_partition_of_their_case_with_the_timestamp_of_the_feed() -> None:
    ready, shipped = event("square:1", "ready"), event("square:2", "shipped")
    outputs = list(output_records(AdaptedRecord((ready, shipped)), context_of(ORIGINAL), PARTITIONS))
    assert [msgspec.json.decode(output.value or b"", type=StepReached) for output in outputs] == [ready, shipped]
    assert [(output.topic, output.key, output.timestamp) for output in outputs] == [
        (EVENTS.name, b"square:1", NOON),
        (EVENTS.name, b"square:2", NOON),
    ]
    assert [output.partition for output in outputs] == [partition_of(output.key or b"", 3) for output in outputs]


@pytest.mark.parametrize("timestamp", [-1, 0, WALL + 1])
def test_an_incredible_timestamp_is_replaced_by_the_time_of_reading(timestamp: Instant) -> None:
    assert (
        only_output(AdaptedRecord((event("square:1", "ready"),)), replace(ORIGINAL, timestamp=timestamp)).timestamp
        == WALL
    )


@given(st.binary(max_size=60), st.integers(1, 50))
def test_a_key_goes_to_the_partition_that_kafka_python_chooses(key: bytes, partitions: int) -> None:
    assert partition_of(key, partitions) == (murmur2(key) & 0x7FFFFFFF) % partitions


def test_a_key_goes_to_the_partition_that_the_java_client_chooses() -> None:
    # The hashes are from a test of Apache Kafka's own client, UtilsTest.testMurmur2.
    for key, hashed in {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}.items():
        assert partition_of(key, 12) == (hashed & 0x7FFFFFFF) % 12


def test_a_reject_is_the_record_as_it_came_with_its_headers_beside_ours() -> None:
    refused = only_output(Refused("bad_value", "no total"), ORIGINAL)
    assert (refused.topic, refused.key, refused.value) == (REJECTS.name, b"order 1", b"{}")
    assert refused.headers == (
        ("reason", b"bad_value"),
        ("detail", b"no total"),
        ("feed", b"square"),
        ("adapter", b"square"),
        ("topic", b"feeds.square"),
        ("partition", b"5"),
        ("offset", b"7"),
        ("timestamp", str(NOON).encode()),
        ("original.X-Shop", b"soho"),
        ("original.X-Shop", b""),
    )


def test_a_reject_without_a_key_follows_the_number_of_its_partition() -> None:
    assert only_output(Refused("empty", "nothing"), replace(ORIGINAL, key=None, value=None))[:3] == (
        REJECTS.name,
        None,
        b"",
    )
    assert only_output(Refused("empty", "nothing"), replace(ORIGINAL, key=None)).partition == 5 % 2


def test_a_notification_is_written_as_it_came_keyed_by_its_subject() -> None:
    first, second = output_records(
        AdaptedRecord(thin=(ThinNotification("order", "o1"), ThinNotification("refund", "r1"))),
        context_of(ORIGINAL),
        PARTITIONS,
    )
    assert (first.topic, first.key, first.value) == (NEEDS_FETCH.name, b"o1", b"{}")
    assert first.partition == partition_of(b"o1", 4)
    headers = dict(first.headers)
    assert (headers["feed"], headers["adapter"], headers["kind"], headers["ref"]) == (
        b"square",
        b"square",
        b"order",
        b"o1",
    )
    assert dict(second.headers)["kind"] == b"refund"
    assert ("original.X-Shop", b"soho") in first.headers


def test_only_the_beginning_of_a_too_large_record_is_written() -> None:
    huge = replace(ORIGINAL, value=b"x" * LARGEST, headers=(("h", b"y" * 100_000),))
    refused = only_output(Refused("too_large", "much"), huge)
    assert set(refused.value or b"") == {ord("x")}
    assert sum(len(text) for _, text in refused.headers) + len(refused.value or b"") < LARGEST
    assert dict(refused.headers)["cut"] == f"{LARGEST + 100_000 + len('original.h') + len('order 1')} bytes".encode()
    whole = only_output(Refused("too_large", "much"), replace(ORIGINAL, value=b"x" * (LARGEST - 100)))
    assert "cut" not in dict(whole.headers)
    assert len(whole.value or b"") == LARGEST - 100


def test_a_clock_record_goes_to_every_partition_with_its_own_instant() -> None:
    clock = Clock(source="square", partition=5, at=to_datetime(NOON))
    outputs = clock_records(clock, PARTITIONS)
    assert [(output.topic, output.key, output.partition, output.timestamp) for output in outputs] == [
        (EVENTS.name, None, number, NOON) for number in range(3)
    ]
    assert {msgspec.json.decode(output.value or b"", type=Clock) for output in outputs} == {clock}
