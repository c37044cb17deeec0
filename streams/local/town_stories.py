"""One case of the simulated town as it goes when nothing unusual happens: what was promised, and the steps of the work.

Everything is in town minutes until `Pen` writes it down as an event.
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

FORGOTTEN: Final = 0.004
"""The share of orders that no one ever finishes, on a quiet day."""
_LONGEST: Final = 3.0
_NEXT_DOOR: Final = 0.4


class TownTime(NamedTuple):
    """When the town opened, and how many real milliseconds one of its minutes lasts."""

    start: Instant
    minute: int

    def at(self, minutes: float) -> Instant:
        """The instant at `minutes` after the town opened."""
        return self.start + int(minutes * self.minute)

    def moment(self, minutes: float) -> datetime:
        """The same, as an event says it."""
        return to_datetime(self.at(minutes))


class Happening(NamedTuple):
    """An event, the minute in which it happens and the minute in which it reaches Kafka."""

    at: float
    reaches: float
    event: CaseEvent


@dataclass(frozen=True, slots=True)
class Order:
    """What a customer asks for, who takes it, and how it will go.

    made: the minute of the order. promised: minutes from there to the latest. lead: minutes from there to the step
    that keeps the promise. wait: minutes from that step to what the customer does then. finished: false where the
    step never comes.
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
        """The latest minute."""
        return self.made + self.promised

    @property
    def is_assumed(self) -> bool:
        """Whether nobody said a time: the policy assumes one."""
        return bool(self.shop.counter) and self.channel == "counter"


def take(shop: Shop, made: float, chance: Random) -> Order:
    """The order that comes to `shop` in minute `made`."""
    member = chance.choice(shop.staff)
    channel = chance.choice(shop.channels)
    pressure = shop.rush.pressure(made)
    work = shop.work * chance.uniform(0.75, 1.35)
    slip = min(chance.lognormvariate(0, member.habit.spread), _LONGEST)
    return Order(
        shop=shop,
        member=member,
        channel=channel,
        subjects=_subjects(shop, chance),
        made=made,
        promised=shop.counter if shop.counter and channel == "counter" else round(work * member.habit.padding),
        lead=work * slip * (1 + shop.rush.slower * pressure * chance.uniform(0, 2)),
        wait=chance.uniform(0.3, 3),
        finished=chance.random() >= FORGOTTEN + shop.rush.never * pressure,
    )


def _subjects(shop: Shop, chance: Random) -> tuple[str, ...]:
    if shop.parcels is None:
        return ("",)
    return ("parcel-1", "parcel-2") if chance.random() < shop.parcels else ("parcel-1",)


@dataclass(slots=True)
class Pen:
    """Writes the events of one case, each with the next id."""

    case: str
    time: TownTime
    order: Order
    chance: Random
    written: int = 0

    def write(self, at: float, fact: Callable[..., CaseEvent], subject: str = "", **fields: Any) -> Happening:
        """The event `fact` with its `fields`, as it happens in minute `at` and reaches Kafka on a good day."""
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
        return Happening(at, at + self.travel(), event)

    def staff(self, member: StaffMember) -> Staff:
        """`member` as an event names one."""
        return Staff(id=member.id, role=self.order.shop.role)

    def travel(self) -> float:
        """How long an event is under way on a good day, in minutes."""
        return self.chance.uniform(0.001, 0.01)

    def window(self, due: float) -> dict[str, Any]:
        """The fields of a promise that say by when: the latest, and the earliest where there is one."""
        opens = {"opens": self.time.moment(due - self.order.shop.window)} if self.order.shop.window else {}
        return {"due": self.time.moment(due), **opens}


def tell(order: Order, pen: Pen) -> list[Happening]:
    """The case from the order to its end, in order of occurrence."""
    parts = [(place * _NEXT_DOOR, subject) for place, subject in enumerate(order.subjects)]
    begun = [_begin(order, pen, subject) for _, subject in parts]
    worked = [step for delay, subject in parts for step in _work(order, pen, subject, delay)]
    return sorted(begun + worked, key=lambda happening: happening.at)


def _begin(order: Order, pen: Pen, subject: str) -> Happening:
    if order.is_assumed:
        return pen.write(order.made, StepReached, subject, step="ordered")
    terms = PromiseTerms(kind=order.shop.kind, origin=order.shop.origin, **pen.window(order.due))
    return pen.write(order.made, PromisesMade, subject, promises=[terms])


def _work(order: Order, pen: Pen, subject: str, delay: float) -> list[Happening]:
    shop, pace = order.shop, order.lead / (len(order.shop.before) + 1)
    steps = [(order.made + pace * (place + 1), step) for place, step in enumerate(shop.before)]
    if order.finished:
        done = order.made + order.lead + delay
        steps += [(done, shop.keeps)] + ([(done + order.wait, shop.after)] if shop.after else [])
    return [pen.write(at, StepReached, subject, step=step) for at, step in steps]
