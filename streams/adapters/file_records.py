"""From lines of a file to the records that Kafka would carry: the same bytes, keys and timestamps as `replay` sends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

import msgspec

from schemas.events import Clock, Record
from schemas.instants import ImplausibleInstant, Instant, instant
from schemas.reading import Refused
from streams.adapters.files import Line


class Outgoing(NamedTuple):
    """A record ready to be sent. timestamp: when it arrived, in milliseconds. key: its case; None for `clock`."""

    timestamp: Instant
    key: str | None
    value: bytes


def outgoing(source: Iterable[Line], as_of: Instant | None) -> Iterator[Outgoing | Refused]:
    """The records of `source`. With `as_of`: what happened by then, all as if it had arrived by then."""
    for line in source:
        if isinstance(line.record, Refused):
            yield line.record
            continue
        at = happened(line)
        if at is None:
            yield Refused("bad_time", f"{line.file}, line {line.number}: outside the years 2000 to 2099")
        elif as_of is None or at <= as_of:
            yield _outgoing(line.record, at, as_of)


def _outgoing(record: Record, happened_at: Instant, as_of: Instant | None) -> Outgoing:
    if isinstance(record, Clock):
        arrived, key = happened_at, None
    else:
        arrived, key = _instant(record.received_at) or happened_at, record.case
    return Outgoing(arrived if as_of is None else min(arrived, as_of), key, msgspec.json.encode(record))


def latest(source: Iterable[Line]) -> Instant:
    """When the last event of `source` happened; 0 where there is none. A clock record is no event."""
    events = (line for line in source if not isinstance(line.record, Clock))
    return max((at for line in events if (at := happened(line)) is not None), default=0)


def happened(line: Line) -> Instant | None:
    """When the event of `line` happened; None if it has none, or none that can be true."""
    record = line.record
    if isinstance(record, Refused):
        return None
    return _instant(record.at if isinstance(record, Clock) else record.occurred_at)


def _instant(moment: datetime | None) -> Instant | None:
    try:
        return instant(moment) if moment else None
    except ImplausibleInstant:
        return None
