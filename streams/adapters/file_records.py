"""From lines of a file to the records that Kafka would carry: the same bytes, keys and timestamps as `replay` sends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from schemas.events import Clock, Record
from schemas.instants import ImplausibleInstant, Instant, from_datetime
from schemas.reading import Refused
from streams.adapters.files import Line
from streams.records import KafkaRecord


def kafka_records(source: Iterable[Line], as_of: Instant | None) -> Iterator[KafkaRecord | Refused]:
    """Return the lines of `source` as records of promise.events; the key is the case, and None for a clock record.

    With `as_of`, events that occurred later are left out, and no record has a later timestamp.
    """
    for line in source:
        if isinstance(line.record, Refused):
            yield line.record
            continue
        at = occurred_at(line)
        if at is None:
            yield Refused("bad_time", f"{line.file}, line {line.number}: outside the years 2000 to 2099")
        elif as_of is None or at <= as_of:
            yield _kafka_record(line.record, at, as_of)


def _kafka_record(event: Record, at: Instant, as_of: Instant | None) -> KafkaRecord:
    if isinstance(event, Clock):
        received_at, key = at, None
    else:
        received_at, key = _instant(event.received_at) or at, event.case.encode()
    timestamp = received_at if as_of is None else min(received_at, as_of)
    return KafkaRecord(timestamp=timestamp, key=key, value=msgspec.json.encode(event))


def latest_occurrence(source: Iterable[Line]) -> Instant:
    """Return the time of the latest event of `source`; 0 if there is none. Clock records are not events."""
    events = (line for line in source if not isinstance(line.record, Clock))
    return max((at for line in events if (at := occurred_at(line)) is not None), default=0)


def occurred_at(line: Line) -> Instant | None:
    """Return the time at which the event of `line` occurred; None for a refused line and an implausible time."""
    record = line.record
    if isinstance(record, Refused):
        return None
    return _instant(record.at if isinstance(record, Clock) else record.occurred_at)


def _instant(moment: datetime | None) -> Instant | None:
    try:
        return from_datetime(moment) if moment else None
    except ImplausibleInstant:
        return None
