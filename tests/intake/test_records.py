"""What goes to Kafka because of a record of a feed: an event, a refusal, something to fetch, a clock."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2

from schemas.events import Clock, StepReached
from schemas.instants import Instant, parse_instant, to_datetime
from schemas.reading import Refused
from streams.adapters.feed_records import AdaptedRecord, ThinNotification
from streams.config.feeds import Feed
from streams.intake.records import LARGEST, RecordContext, clock_records, output_records, partition_of
from streams.kafka.topics import EVENTS, NEEDS_FETCH, REJECTS
from streams.records import OutputRecord

NOON = parse_instant("2026-03-06T12:00:00Z")
WALL = NOON + 3_600_000
PARTITIONS = {EVENTS.name: 3, REJECTS.name: 2, NEEDS_FETCH.name: 4}
SQUARE = Feed("square", "feeds.square", adapter="square")


@dataclass(frozen=True)
class Sent:
    """A record as it stands in the topic of a feed."""

    offset: int = 7
    timestamp: Instant = NOON
    key: bytes | None = b"order 1"
    value: bytes | None = b"{}"
    headers: tuple[tuple[str, bytes | None], ...] = (("X-Shop", b"soho"), ("X-Shop", None))


def place(sent: Sent) -> RecordContext:
    return RecordContext.of(SQUARE, TP("feeds.square", 5), sent, WALL)


def only(taken: AdaptedRecord | Refused, sent: Sent) -> OutputRecord:
    (message,) = output_records(taken, place(sent), PARTITIONS)
    return message


def event(case: str, step: str) -> StepReached:
    return StepReached(id=step, case=case, occurred_at=to_datetime(NOON), step=step)


def test_events_go_where_their_case_belongs_with_the_time_at_which_the_feed_had_them() -> None:
    ready, shipped = event("square:1", "ready"), event("square:2", "shipped")
    said = list(output_records(AdaptedRecord((ready, shipped)), place(Sent()), PARTITIONS))
    assert [msgspec.json.decode(one.value or b"", type=StepReached) for one in said] == [ready, shipped]
    assert [(one.topic, one.key, one.timestamp) for one in said] == [
        (EVENTS.name, b"square:1", NOON),
        (EVENTS.name, b"square:2", NOON),
    ]
    assert [one.partition for one in said] == [partition_of(one.key or b"", 3) for one in said]


@pytest.mark.parametrize("wrong", [-1, 0, WALL + 1])
def test_an_event_of_an_impossible_time_goes_on_with_the_time_at_which_it_was_read(wrong: Instant) -> None:
    assert only(AdaptedRecord((event("square:1", "ready"),)), Sent(timestamp=wrong)).timestamp == WALL


@given(st.binary(max_size=60), st.integers(1, 50))
def test_a_key_belongs_where_other_clients_of_kafka_put_it(key: bytes, partitions: int) -> None:
    assert partition_of(key, partitions) == (murmur2(key) & 0x7FFFFFFF) % partitions


def test_a_key_belongs_where_java_puts_it() -> None:
    # From the tests of Apache Kafka's own clients (UtilsTest.testMurmur2), as its partitioner makes a number of it.
    for key, hashed in {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}.items():
        assert partition_of(key, 12) == (hashed & 0x7FFFFFFF) % 12


def test_a_refused_record_is_kept_as_it_came_with_its_headers_beside_ours() -> None:
    refused = only(Refused("bad_value", "no total"), Sent())
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


def test_a_refused_record_without_a_key_goes_by_the_number_of_its_partition() -> None:
    assert only(Refused("empty", "nothing"), Sent(key=None, value=None))[:3] == (REJECTS.name, None, b"")
    assert only(Refused("empty", "nothing"), Sent(key=None)).partition == 5 % 2


def test_what_has_to_be_fetched_is_kept_as_it_came_keyed_by_what_it_is_about() -> None:
    first, second = output_records(
        AdaptedRecord(thin=(ThinNotification("order", "o1"), ThinNotification("refund", "r1"))),
        place(Sent()),
        PARTITIONS,
    )
    assert (first.topic, first.key, first.value) == (NEEDS_FETCH.name, b"o1", b"{}")
    assert first.partition == partition_of(b"o1", 4)
    told = dict(first.headers)
    assert (told["feed"], told["adapter"], told["kind"], told["ref"]) == (b"square", b"square", b"order", b"o1")
    assert dict(second.headers)["kind"] == b"refund"
    assert ("original.X-Shop", b"soho") in first.headers


def test_of_a_record_that_no_topic_of_ours_takes_the_beginning_is_kept() -> None:
    huge = Sent(value=b"x" * LARGEST, headers=(("h", b"y" * 100_000),))
    refused = only(Refused("too_large", "much"), huge)
    assert set(refused.value or b"") == {ord("x")}
    assert sum(len(text) for _, text in refused.headers) + len(refused.value or b"") < LARGEST
    assert dict(refused.headers)["cut"] == f"{LARGEST + 100_000 + len('original.h') + len('order 1')} bytes".encode()
    whole = only(Refused("too_large", "much"), Sent(value=b"x" * (LARGEST - 100)))
    assert "cut" not in dict(whole.headers)
    assert len(whole.value or b"") == LARGEST - 100


def test_a_clock_is_told_to_every_partition_at_the_time_that_it_says() -> None:
    clock = Clock(source="square", partition=5, at=to_datetime(NOON))
    told = clock_records(clock, PARTITIONS)
    assert [(one.topic, one.key, one.partition, one.timestamp) for one in told] == [
        (EVENTS.name, None, number, NOON) for number in range(3)
    ]
    assert {msgspec.json.decode(one.value or b"", type=Clock) for one in told} == {clock}
