"""A partition under test: its state, which reads stories at the times they arrive, and the effects so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from schemas import events
from schemas.instants import Instant, Millis, from_datetime
from schemas.reading import Refused
from schemas.verdicts import AlertRecord, VerdictRecord
from schemas.words import BASES, RULINGS, VERDICTS, Basis, Ruling, Verdict
from streams.judging.locations import NO_FEEDS, FeedLookup
from streams.judging.policy import Policies
from streams.records import KafkaRecord
from streams.state.counts import PromiseCounts
from streams.state.partition import PartitionState
from streams.state.rows import CountRow, RowVerdict
from streams.state.windows import WIDTHS, Label, Windows, by_basis
from tests.histories import READY, Story, at, moment

FOREVER = at("70000:00")
"""A wall clock later than every record of the stories, so that each can advance the watermark."""


def record(event: events.Record, timestamp: Instant) -> KafkaRecord:
    """Return the Kafka record of an event."""
    key = None if isinstance(event, events.Clock) else event.case.encode()
    return KafkaRecord(timestamp, key, msgspec.json.encode(event))


class Partition:
    """The state of a partition and all its effects so far."""

    def __init__(
        self, policies: Policies = READY, retention: Millis | None = None, feeds: FeedLookup = NO_FEEDS
    ) -> None:
        self.state = PartitionState(policies, retention, feeds)
        self.effects: list[VerdictRecord | AlertRecord | Refused] = []

    def arrive(self, story: Story, *arrivals: str) -> Partition:
        """Apply the events of a story at these times; events without one arrive when they happen."""
        times = [*map(at, arrivals), *(from_datetime(event.occurred_at) for event in story.events[len(arrivals) :])]
        for event, time in zip(story.events, times, strict=True):
            self.apply(record(event, time))
        return self

    def clock(self, source: str, upto: str, time: str | None = None, partition: int = 0) -> Partition:
        """Apply a clock record, which arrives at `time`, or at the watermark that it reports."""
        clock = events.Clock(source=source, at=moment(upto), partition=partition)
        return self.apply(record(clock, at(time or upto)))

    def apply(self, incoming: KafkaRecord, wall: Instant = FOREVER) -> Partition:
        self.effects += self.state.apply(incoming, wall)
        return self

    def advance(self, until: str, wall: Instant = FOREVER) -> Partition:
        """Advance the watermark without a record."""
        self.effects += self.state.advance(at(until), wall)
        return self

    @property
    def verdicts(self) -> list[VerdictRecord]:
        return [one for one in self.effects if isinstance(one, VerdictRecord)]

    @property
    def alerts(self) -> list[AlertRecord]:
        return [one for one in self.effects if isinstance(one, AlertRecord)]

    @property
    def comparable_effects(self) -> list[VerdictRecord | AlertRecord | str]:
        """The effects in a form that compares by value."""
        return [str(one) if isinstance(one, Refused) else one for one in self.effects]

    @property
    def refusals(self) -> list[str]:
        return [one.reason for one in self.effects if isinstance(one, Refused)]

    def row(self, location: str = "", kind: str = "ready", basis: Basis = "current") -> RowCounts:
        return named(self.state.counts.rows[Label(location, kind)], basis)

    def net(self, location: str = "", kind: str = "ready", basis: Basis = "current") -> dict[Verdict, int]:
        """Return the number of promises of a row by verdict, without those of 0."""
        return {verdict: count for verdict, count in _net(self.row(location, kind, basis)).items() if count}


class RowCounts(NamedTuple):
    """The counts of a row on one basis, by name. Counts of 0 are omitted."""

    made: int
    net: Counter[Ruling]
    first: Counter[Verdict]
    revised: Counter[tuple[RowVerdict, RowVerdict]]
    staff: Counter[tuple[str, Verdict]]
    lateness: list[int]


def named(row: CountRow, basis: Basis) -> RowCounts:
    """Return the counts of a row on that basis."""
    counts = row.on(basis)
    by_staff = {
        (staff, verdict): count
        for staff, by_verdict in row.staff_on(basis)
        for verdict, count in zip(VERDICTS, by_verdict, strict=True)
    }
    return RowCounts(
        made=row.made,
        net=+Counter(dict(zip(RULINGS, counts.net, strict=True))),
        first=+Counter(dict(zip(VERDICTS, counts.first, strict=True))),
        revised=+Counter({(before, after): count for before, after, count in counts.revisions()}),
        staff=+Counter(by_staff),
        lateness=counts.lateness,
    )


def _net(row: RowCounts) -> dict[Verdict, int]:
    return {verdict: sum(n for ruling, n in row.net.items() if ruling.verdict == verdict) for verdict in VERDICTS}


Sums = dict[str, dict[Label, tuple[int, int]]]
"""By window and label: the promises kept and due. Labels without promises due are omitted."""


def rolling(windows: Windows, basis: Basis = "current") -> Sums:
    """Return the rolling counts on that basis."""
    by_window: Sums = {window: {} for window in WIDTHS}
    for label, sums in windows.sums().items():
        for count in by_basis(sums):
            if count.basis == basis and (count.kept or count.due):
                by_window[count.window][label] = count.kept, count.due
    return by_window


def by_label(rows: Mapping[Label, CountRow]) -> dict[tuple[str, str, Basis], RowCounts]:
    """Return all rows by location, kind and basis."""
    return {(*label, basis): named(row, basis) for label, row in rows.items() for basis in BASES}


def assert_counts_add_up(counts: PromiseCounts) -> None:
    """Assert for every row and verdict: first verdicts + revised into it - revised out of it = net.

    The first verdicts of `open` are the promises made less all other first verdicts.
    """
    for label, row in by_label(counts.rows).items():
        assert min(counts.rows[Label(*label[:2])].on(label[2]).net) >= 0, label
        for verdict, net in _net(row).items():
            into = sum(n for (_, after), n in row.revised.items() if after == verdict)
            out = sum(n for (before, _), n in row.revised.items() if before == verdict)
            first = row.made - row.first.total() if verdict == "open" else row.first[verdict]
            by_staff = sum(n for (_, held), n in row.staff.items() if held == verdict)
            assert first + into - out == net == by_staff, (label, verdict, row)


def texts(moments: Iterable[datetime]) -> list[str]:
    """Return the times of the day, as in stories."""
    return [moment.strftime("%H:%M:%S.%f")[:-3] for moment in moments]
