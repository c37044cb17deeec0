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
from streams.state.rows import PART_OF, ROW_VERDICTS, CountRow, RowVerdict, revision_index
from streams.state.windows import CELL_COUNTS, WIDTHS, Label, Windows
from tests.histories import READY, Story, at, moment

FOREVER = at("70000:00")
"""A wall clock that lets every record of these stories move the clock of the book."""


def record(event: events.Record, timestamp: Instant) -> KafkaRecord:
    """The event as it comes from Kafka."""
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
        """The events of a story arrive at these times; those without one at the time at which they happened."""
        times = [*map(at, arrivals), *(from_datetime(event.occurred_at) for event in story.events[len(arrivals) :])]
        for event, time in zip(story.events, times, strict=True):
            self.apply(record(event, time))
        return self

    def clock(self, source: str, upto: str, time: str | None = None, partition: int = 0) -> Partition:
        """A source says at `time` (or at that very instant) that its partition has been read up to then."""
        said = events.Clock(source=source, at=moment(upto), partition=partition)
        return self.apply(record(said, at(time or upto)))

    def apply(self, incoming: KafkaRecord, wall: Instant = FOREVER) -> Partition:
        self.effects += self.state.apply(incoming, wall)
        return self

    def advance(self, until: str, wall: Instant = FOREVER) -> Partition:
        """Time passes with no record."""
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
        """All that was said, in a form that compares by what it says."""
        return [str(one) if isinstance(one, Refused) else one for one in self.effects]

    @property
    def refusals(self) -> list[str]:
        return [one.reason for one in self.effects if isinstance(one, Refused)]

    def row(self, location: str = "", kind: str = "ready", basis: Basis = "current") -> Named:
        return named(self.state.counts.rows[Label(location, kind)], basis)

    def net(self, location: str = "", kind: str = "ready", basis: Basis = "current") -> dict[Verdict, int]:
        """How many promises of that row stand at which verdict; verdicts of none are left out."""
        return {verdict: count for verdict, count in _net(self.row(location, kind, basis)).items() if count}


class Named(NamedTuple):
    """What a row counts on one basis, by name; counts of 0 are left out."""

    made: int
    net: Counter[Ruling]
    first: Counter[Verdict]
    revised: Counter[tuple[RowVerdict, RowVerdict]]
    staff: Counter[tuple[str, Verdict]]
    lateness: list[int]


def named(row: CountRow, basis: Basis) -> Named:
    """The counts of a row on that basis."""
    number = BASES.index(basis)
    counts = row.on(number)
    ways = [(before, after) for before in range(len(ROW_VERDICTS)) for after in range(len(ROW_VERDICTS))]
    return Named(
        row.made,
        +Counter(dict(zip(RULINGS, counts.net, strict=True))),
        +Counter(dict(zip(VERDICTS, counts.first, strict=True))),
        +Counter(
            {
                (ROW_VERDICTS[before], ROW_VERDICTS[after]): counts.revised[revision_index(before, after)]
                for before, after in ways
            }
        ),
        +Counter(
            {
                (staff, verdict): count
                for staff, by_verdict in row.staff_on(number)
                for verdict, count in zip(VERDICTS, by_verdict, strict=True)
            }
        ),
        counts.lateness,
    )


def _net(row: Named) -> dict[Verdict, int]:
    return {verdict: sum(n for ruling, n in row.net.items() if ruling.verdict == verdict) for verdict in VERDICTS}


Sums = dict[str, dict[Label, tuple[int, int]]]
"""For each window, by label: promises kept and promises due; those of which nothing was due are left out."""


def rolling(windows: Windows, basis: Basis = "current") -> Sums:
    """The rolling counts on that basis."""
    found: Sums = {window: {} for window in WIDTHS}
    for label, sums in windows.sums().items():
        for number, window in enumerate(WIDTHS):
            of_window, own = sums[number * CELL_COUNTS :][:CELL_COUNTS], 2 * PART_OF[BASES.index(basis)]
            kept, due = of_window[0] + of_window[own], of_window[1] + of_window[own + 1]
            if kept or due:
                found[window][label] = kept, due
    return found


def by_label(rows: Mapping[Label, CountRow]) -> dict[tuple[str, str, Basis], Named]:
    """All rows by location, kind and basis."""
    return {(*label, basis): named(row, basis) for label, row in rows.items() for basis in BASES}


def assert_counts_add_up(counts: PromiseCounts) -> None:
    """In every row and for every verdict: first verdicts + revised into it - revised out of it = net. What is open
    began as made and ended with its first verdict."""
    for label, row in by_label(counts.rows).items():
        assert min(counts.rows[Label(*label[:2])].on(BASES.index(label[2])).net) >= 0, label
        for verdict, net in _net(row).items():
            into = sum(n for (_, after), n in row.revised.items() if after == verdict)
            out = sum(n for (before, _), n in row.revised.items() if before == verdict)
            first = row.made - row.first.total() if verdict == "open" else row.first[verdict]
            by_staff = sum(n for (_, held), n in row.staff.items() if held == verdict)
            assert first + into - out == net == by_staff, (label, verdict, row)


def texts(moments: Iterable[datetime]) -> list[str]:
    """Times of the day, as stories have them."""
    return [moment.strftime("%H:%M:%S.%f")[:-3] for moment in moments]
