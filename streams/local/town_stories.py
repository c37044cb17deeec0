"""A case of the simulated town when nothing unusual happens: its promises and the steps of the work.

All times are in town minutes until `EventWriter` makes an event of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, Final, NamedTuple

from schemas.events import CaseEvent, PromisesMade, PromiseTerms, Staff, StepReached
from schemas.instants import Instant, to_datetime
from streams.local.town_shops import Shop, StaffMember

UNFINISHED: Final = 0.004
"""The share of orders that are never finished, on a quiet day."""

_MAX_SLIP: Final = 3.0
"""The maximum factor by which the work takes longer than it should."""

_SUBJECT_DELAY: Final = 0.4
"""Minutes between the last steps of two subjects of a case."""


class TownTime(NamedTuple):
    """The start of the town, and the real milliseconds per minute of the town."""

    start: Instant
    minute: int

    def at(self, minutes: float) -> Instant:
        """Return the instant `minutes` after the start."""
        return self.start + int(minutes * self.minute)

    def moment(self, minutes: float) -> datetime:
        """Return the same as a datetime, for an event."""
        return to_datetime(self.at(minutes))


class Occurrence(NamedTuple):
    """An event with the minute in which it happens and the minute in which it arrives at Kafka."""

    at: float
    arrives: float
    event: CaseEvent


@dataclass(frozen=True, slots=True)
class Order:
    """An order, the staff member who takes it, and its future course.

    made: the minute of the order. promised: minutes from then to the due time. lead: minutes from then to the step that
    keeps the promise. wait: minutes from that step to the customer's step after it. finished: false if the step never
    happens.
    """

    shop: Shop
    member: StaffMember
    channel: str
    subjects: tuple[str, ...]
    made: float
    promised: float
    lead: float
    wait: float
    finished: bool

    @property
    def due(self) -> float:
        """The minute of the due time."""
        return self.made + self.promised

    @property
    def is_assumed(self) -> bool:
        """Whether no time was promised, so that the policy assumes one."""
        return bool(self.shop.counter) and self.channel == "counter"


def new_order(shop: Shop, made: float, chance: Random) -> Order:
    """Return the order that `shop` receives in minute `made`."""
    member = chance.choice(shop.staff)
    channel = chance.choice(shop.channels)
    pressure = shop.rush.pressure(made)
    work = shop.work * chance.uniform(0.75, 1.35)
    slip = min(chance.lognormvariate(0, member.habit.spread), _MAX_SLIP)
    return Order(
        shop=shop,
        member=member,
        channel=channel,
        subjects=_subjects(shop, chance),
        made=made,
        promised=shop.counter if shop.counter and channel == "counter" else round(work * member.habit.padding),
        lead=work * slip * (1 + shop.rush.slower * pressure * chance.uniform(0, 2)),
        wait=chance.uniform(0.3, 3),
        finished=chance.random() >= UNFINISHED + shop.rush.never * pressure,
    )


def _subjects(shop: Shop, chance: Random) -> tuple[str, ...]:
    if shop.parcels is None:
        return ("",)
    return ("parcel-1", "parcel-2") if chance.random() < shop.parcels else ("parcel-1",)


@dataclass(slots=True)
class EventWriter:
    """Makes the events of one case, each with the next id."""

    case: str
    time: TownTime
    order: Order
    chance: Random
    written: int = 0

    def write(self, at: float, fact: Callable[..., CaseEvent], subject: str = "", **fields: Any) -> Occurrence:
        """Return an event of type `fact` with `fields` that happens in minute `at` and arrives soon after."""
        self.written += 1
        event = fact(
            id=f"{self.case}.{self.written}",
            case=self.case,
            subject=subject,
            occurred_at=self.time.moment(at),
            location=self.order.shop.location,
            staff=self.staff(self.order.member),
            channel=self.order.channel,
            **fields,
        )
        return Occurrence(at, at + self.travel(), event)

    def staff(self, member: StaffMember) -> Staff:
        """Return a staff member as events have it."""
        return Staff(id=member.id, role=self.order.shop.role)

    def travel(self) -> float:
        """Return the usual time in transit of an event, in minutes."""
        return self.chance.uniform(0.001, 0.01)

    def window(self, due: float) -> dict[str, Any]:
        """Return the fields of a promise with its due time and, for a window, its earliest time."""
        opens = {"opens": self.time.moment(due - self.order.shop.window)} if self.order.shop.window else {}
        return {"due": self.time.moment(due), **opens}


def usual_events(order: Order, writer: EventWriter) -> list[Occurrence]:
    """Return the events of the case, in order of occurrence."""
    delays = [(index * _SUBJECT_DELAY, subject) for index, subject in enumerate(order.subjects)]
    promises = [_promise(order, writer, subject) for _, subject in delays]
    steps = [step for delay, subject in delays for step in _steps(order, writer, subject, delay)]
    return sorted(promises + steps, key=lambda occurrence: occurrence.at)


def _promise(order: Order, writer: EventWriter, subject: str) -> Occurrence:
    if order.is_assumed:
        return writer.write(order.made, StepReached, subject, step="ordered")
    terms = PromiseTerms(kind=order.shop.kind, origin=order.shop.origin, **writer.window(order.due))
    return writer.write(order.made, PromisesMade, subject, promises=[terms])


def _steps(order: Order, writer: EventWriter, subject: str, delay: float) -> list[Occurrence]:
    shop, interval = order.shop, order.lead / (len(order.shop.before) + 1)
    steps = [(order.made + interval * number, step) for number, step in enumerate(shop.before, 1)]
    if order.finished:
        done = order.made + order.lead + delay
        steps += [(done, shop.keeps)] + ([(done + order.wait, shop.after)] if shop.after else [])
    return [writer.write(at, StepReached, subject, step=step) for at, step in steps]
