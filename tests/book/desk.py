"""One partition at a desk: a book that reads stories at the times they arrive, and all that it says to the world."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from schemas import events
from schemas.instants import Instant, instant
from schemas.reading import Refused
from schemas.verdicts import AlertRecord, VerdictRecord
from schemas.words import VERDICTS, Basis, Verdict
from streams.book.book import Book, Incoming
from streams.book.tally import Row, Tally
from streams.book.windows import Label
from streams.judging.policy import Policies
from tests.histories import READY, Story, at

FOREVER = at("70000:00")
"""A wall clock that lets every record of these stories move the clock of the book."""


def record(event: events.Record, timestamp: Instant) -> Incoming:
    """The event as it comes from Kafka."""
    key = None if isinstance(event, events.Clock) else event.case.encode()
    return Incoming(timestamp, key, msgspec.json.encode(event))


class Desk:
    """A book with everything it said so far."""

    def __init__(self, policies: Policies = READY) -> None:
        self.book = Book(policies)
        self.said: list[VerdictRecord | AlertRecord | Refused] = []

    def tells(self, story: Story, *arrivals: str) -> Desk:
        """The events of a story arrive at these times; those without one at the time at which they happened."""
        times = [*map(at, arrivals), *(instant(event.occurred_at) for event in story.told[len(arrivals) :])]
        for event, time in zip(story.told, times, strict=True):
            self.reads(record(event, time))
        return self

    def reads(self, incoming: Incoming, wall: Instant = FOREVER) -> Desk:
        self.said += self.book.apply(incoming, wall)
        return self

    def waits(self, until: str, wall: Instant = FOREVER) -> Desk:
        """Time passes with no record."""
        self.said += self.book.move(at(until), wall)
        return self

    @property
    def verdicts(self) -> list[VerdictRecord]:
        return [one for one in self.said if isinstance(one, VerdictRecord)]

    @property
    def alerts(self) -> list[AlertRecord]:
        return [one for one in self.said if isinstance(one, AlertRecord)]

    @property
    def refusals(self) -> list[str]:
        return [one.reason for one in self.said if isinstance(one, Refused)]

    def row(self, location: str = "", kind: str = "ready", basis: Basis = "current") -> Row:
        return self.book.tally.rows[Label(location, kind, basis)]

    def net(self, location: str = "", kind: str = "ready", basis: Basis = "current") -> dict[Verdict, int]:
        """How many promises of that row stand at which verdict; verdicts of none are left out."""
        return {verdict: count for verdict, count in _net(self.row(location, kind, basis)).items() if count}


def _net(row: Row) -> dict[Verdict, int]:
    return {verdict: sum(n for ruling, n in row.net.items() if ruling.verdict == verdict) for verdict in VERDICTS}


def holds_together(tally: Tally) -> None:
    """In every row and for every verdict: first verdicts + revised into it - revised out of it = net. What is open
    began as made and ended with its first verdict."""
    for label, row in tally.rows.items():
        for verdict, net in _net(row).items():
            into = sum(n for (_, after), n in row.revised.items() if after == verdict)
            out = sum(n for (before, _), n in row.revised.items() if before == verdict)
            first = row.made - row.first.total() if verdict == "open" else row.first[verdict]
            by_staff = sum(n for (_, held), n in row.staff.items() if held == verdict)
            assert first + into - out == net == by_staff, (label, verdict, row)
            assert net >= 0, (label, verdict, row)


def texts(moments: Iterable[datetime]) -> list[str]:
    """Times of the day, as stories have them."""
    return [moment.strftime("%H:%M:%S.%f")[:-3] for moment in moments]
