"""Lines become the records that Kafka would carry, with their timestamps and keys, never from the future."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from schemas.events import Clock, Record, StepReached
from schemas.instants import from_datetime
from schemas.reading import Refused, read_event
from streams.adapters.file_records import kafka_records, occurred_at
from streams.adapters.files import Line
from streams.records import KafkaRecord


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, 6, hour, minute, tzinfo=UTC)


def ready(hour: int, received: datetime | None = None) -> StepReached:
    return StepReached(id="1", case="a-1", occurred_at=at(hour), step="ready", received_at=received)


def sent(record: Record | Refused, as_of: datetime | None = None) -> list[KafkaRecord | Refused]:
    return list(kafka_records([Line("log", 7, record)], from_datetime(as_of) if as_of else None))


def test_an_event_has_the_time_of_receipt_and_its_case_as_key() -> None:
    event = ready(12, received=at(12, 5))
    (record,) = sent(event)
    assert isinstance(record, KafkaRecord)
    assert (record.timestamp, record.key) == (from_datetime(at(12, 5)), b"a-1")
    assert read_event(record.value or b"") == event


@pytest.mark.parametrize("received", [None, datetime(1970, 1, 1, tzinfo=UTC)], ids=["not said", "not true"])
def test_an_event_without_a_time_of_receipt_has_the_time_of_occurrence(received: datetime) -> None:
    (record,) = sent(ready(12, received))
    assert isinstance(record, KafkaRecord)
    assert record.timestamp == from_datetime(at(12))


def test_a_clock_record_has_no_key_and_its_own_time() -> None:
    (record,) = sent(Clock(source="till", at=at(13)))
    assert isinstance(record, KafkaRecord)
    assert (record.timestamp, record.key) == (from_datetime(at(13)), None)


def test_as_of_an_instant_later_events_are_left_out_and_later_receipts_are_moved_to_it() -> None:
    assert sent(ready(14), as_of=at(13)) == []
    (record,) = sent(ready(13, received=at(15)), as_of=at(13))
    assert isinstance(record, KafkaRecord)
    assert record.timestamp == from_datetime(at(13))


def test_a_refused_line_stays_refused_and_an_implausible_time_is_refused_with_its_line() -> None:
    refused = Refused("not_json", "no JSON")
    assert sent(refused) == [refused]
    (implausible,) = sent(StepReached(id="1", case="a-1", occurred_at=datetime(1970, 1, 1, tzinfo=UTC), step="x"))
    assert isinstance(implausible, Refused)
    assert implausible.reason == "bad_time"
    assert "log, line 7" in implausible.detail


def test_only_events_and_clock_records_have_a_time_of_occurrence() -> None:
    lines = [Line("log", 1, record) for record in (ready(12), Clock(source="till", at=at(13)), Refused("empty", "x"))]
    assert [occurred_at(line) for line in lines] == [from_datetime(at(12)), from_datetime(at(13)), None]
