"""The orders of a simulated day, and the canonical events of each, written without an adapter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final, Literal, NamedTuple

from schemas.events import Cancelled, CaseEvent, PromiseAmended, PromisesMade, PromiseTerms, Staff, StepReached
from schemas.instants import Instant, to_datetime
from schemas.words import Party

Vendor = Literal["square", "toast", "shopify"]
KIND: Final[dict[Vendor, str]] = {"square": "ready", "toast": "ready", "shopify": "delivered"}
"""The kind of promise: an order at a counter is to be ready, an order of a web shop to be delivered."""

SHOPS: Final[dict[Vendor, tuple[str, ...]]] = {
    "square": ("quay", "market"),
    "toast": ("kitchen", "station"),
    "shopify": ("24826418", "24826419"),
}
"""The vendor's ids of the locations."""

STEPS: Final[dict[Vendor, tuple[str, str]]] = {
    "square": ("ready", "picked_up"),
    "toast": ("started", "ready"),
    "shopify": ("out_for_delivery", "delivered"),
}
"""Two steps with times in each vendor's records; one of them keeps the promise."""


SERVER: Final = "server-1"
"""The staff member who took the orders, for vendors that report it."""

WHO_CANCELS: Final[dict[Vendor, tuple[Party, ...]]] = {
    "square": ("us",),
    "toast": ("us",),
    "shopify": ("us", "customer"),
}
"""The parties that cancel, as far as the vendor reports it."""


class Dated(NamedTuple):
    """A due time that the customer knows from `at` on."""

    at: Instant
    due: Instant


@dataclass(frozen=True, slots=True)
class Order:
    """One order and all that happens to it.

    promised: what was first said, and whatever took its place; never empty. steps: when each was reached, in order.
    """

    vendor: Vendor
    id: str
    location: str
    placed: Instant
    promised: tuple[Dated, ...]
    steps: tuple[tuple[str, Instant], ...]
    cancelled: Instant | None = None
    cancelled_by: Party = "customer"

    @property
    def case(self) -> str:
        """The case, as adapters name it."""
        return f"{self.vendor}:{self.id}"

    @property
    def changes(self) -> list[Instant]:
        """The instants at which the vendor's record of the order changed, in order."""
        times = {self.placed, *(dated.at for dated in self.promised), *(at for _, at in self.steps)}
        return sorted(times if self.cancelled is None else {*times, self.cancelled})

    def due(self, at: Instant) -> Instant:
        """Return the due time that the customer knows at that instant."""
        return [dated.due for dated in self.promised if dated.at <= at][-1]

    def reached(self, step: str, at: Instant) -> Instant | None:
        """Return when `step` was reached; None if it was not reached by then."""
        return next((when for name, when in self.steps if name == step and when <= at), None)


def day(seed: int, start: Instant, minute: float, count: int) -> list[Order]:
    """Return `count` orders of a day from `start` on; a minute of the day lasts `minute` milliseconds."""
    chance = Random(seed)
    vendors: list[Vendor] = ["square", "toast", "shopify"]
    return [_order(chance, vendors[number % 3], f"{seed}{number:04}", start, minute) for number in range(count)]


def _order(chance: Random, vendor: Vendor, id: str, start: Instant, minute: float) -> Order:
    def after(since: Instant, minutes: float) -> Instant:
        return since + int(minutes * minute)

    placed = after(start, chance.uniform(0, 20 * 60))
    asked = chance.choice([15, 25, 40, 180, 240, 300])
    promised = [Dated(placed, after(placed, asked))]
    if chance.random() < 0.25:
        promised.append(Dated(after(placed, asked * chance.uniform(0.2, 0.9)), after(placed, asked * 1.5)))
    if chance.random() < 0.05:  # and back to what was said first
        promised.append(Dated(after(promised[-1].at, asked * 0.05), promised[0].due))
    keeps = after(placed, asked * chance.lognormvariate(-0.3, 0.4))
    first, second = STEPS[vendor]
    is_first = first == KIND[vendor]
    early, late = (keeps, after(keeps, 4)) if is_first else (after(placed, 3), max(keeps, after(placed, 4)))
    order = Order(vendor, id, chance.choice(SHOPS[vendor]), placed, tuple(promised), ())
    ends = chance.random()
    if ends < 0.06:  # forgotten
        return order
    if ends < 0.16:
        return _cancelled(order, after(placed, asked * chance.uniform(0.1, 1.4)), chance.choice(WHO_CANCELS[vendor]))
    return _done(order, ((first, early), (second, late)))


def _cancelled(order: Order, at: Instant, by: Party) -> Order:
    known = tuple(dated for dated in order.promised if dated.at < at)
    return Order(order.vendor, order.id, order.location, order.placed, known, (), at, by)


def _done(order: Order, steps: tuple[tuple[str, Instant], ...]) -> Order:
    known = tuple(dated for dated in order.promised if dated.at < steps[0][1] or dated.at == order.placed)
    return Order(order.vendor, order.id, order.location, order.placed, known, steps)


def truth(order: Order) -> Iterator[CaseEvent]:
    """Yield the canonical events of the order."""
    kind = KIND[order.vendor]
    staff = Staff(id=SERVER) if order.vendor == "toast" else None
    common: dict[str, Any] = {"case": order.case, "location": order.location, "staff": staff}
    first, *later = order.promised
    terms = [PromiseTerms(kind=kind, due=to_datetime(first.due))]
    yield PromisesMade(id="made", occurred_at=to_datetime(order.placed), promises=terms, **common)
    for dated in later:
        id, due = f"amended-{dated.at}", to_datetime(dated.due)
        yield PromiseAmended(id=id, occurred_at=to_datetime(dated.at), kind=kind, due=due, by="us", **common)
    for step, at in order.steps:
        yield StepReached(id=step, occurred_at=to_datetime(at), step=step, **common)
    if order.cancelled is not None:
        yield Cancelled(id="cancelled", occurred_at=to_datetime(order.cancelled), by=order.cancelled_by, **common)
