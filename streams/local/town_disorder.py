"""The ordinary disorder of a town: what becomes of a case when something unusual happens, one function a trouble.

Events come late, twice or in the wrong order; people change their minds, cancel, take back and correct.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

from msgspec import structs

from schemas.events import (
    Cancelled,
    Correction,
    HoldEnded,
    HoldStarted,
    PromiseAmended,
    PromiseWithdrawn,
    StaffAssigned,
    StepReached,
    StepUndone,
)
from schemas.words import Party
from streams.local.town_stories import Happening, Order, Pen, tell

SHARE: Final = 0.08
"""The share of cases in which something unusual happens."""

Story: TypeAlias = list[Happening]
Trouble: TypeAlias = Callable[[Order, Pen], Story]


def live(order: Order, pen: Pen) -> Story:
    """The case with whatever happens to it. An order that is never finished has trouble enough."""
    if not order.finished or pen.chance.random() >= SHARE:
        return tell(order, pen)
    troubles, weights = zip(*TROUBLES, strict=True)
    trouble: Trouble = pen.chance.choices(troubles, weights)[0]
    return trouble(order, pen)


def delayed(order: Order, pen: Pen) -> Story:
    """One event is long under way."""
    story = tell(order, pen)
    place = pen.chance.randrange(len(story))
    story[place] = story[place]._replace(reaches=story[place].at + pen.chance.uniform(0.5, 6))
    return story


def swapped(order: Order, pen: Pen) -> Story:
    """An event overtakes the one before it."""
    story = tell(order, pen)
    place = pen.chance.randrange(len(story) - 1)
    story[place] = story[place]._replace(reaches=story[place + 1].reaches + pen.travel())
    return story


def duplicated(order: Order, pen: Pen) -> Story:
    """An event is sent twice, under the same id."""
    story = tell(order, pen)
    twice = pen.chance.choice(story)
    return [*story, twice._replace(reaches=twice.reaches + pen.chance.uniform(0.01, 3))]


def amended_by_customer(order: Order, pen: Pen) -> Story:
    """The customer wants it later, and gets it that much later."""
    delay = order.promised * pen.chance.uniform(0.3, 1)
    at = order.made + min(order.promised, order.lead) * pen.chance.uniform(0.1, 0.5)
    return tell(replace(order, lead=order.lead + delay), pen) + _amend(order, pen, at, delay, "customer")


def amended_by_us(order: Order, pen: Pen) -> Story:
    """The shop sees that it will be late, says so, and keeps the new promise only."""
    delay = order.promised * pen.chance.uniform(0.3, 0.8)
    at = order.made + order.promised * pen.chance.uniform(0.5, 0.95)
    late = replace(order, lead=order.promised + delay * pen.chance.uniform(0.3, 0.9))
    return tell(late, pen) + _amend(order, pen, at, delay, "us")


def _amend(order: Order, pen: Pen, at: float, delay: float, by: Party) -> Story:
    terms = {"kind": order.shop.kind, "by": by, **pen.window(order.due + delay)}
    return [pen.write(at, PromiseAmended, subject, **terms) for subject in order.subjects]


def withdrawn(order: Order, pen: Pen) -> Story:
    """The customer does not need the promise any more; the work goes on."""
    at = order.made + min(order.promised, order.lead) * pen.chance.uniform(0.1, 0.9)
    taken_back = [pen.write(at, PromiseWithdrawn, part, kind=order.shop.kind, by="customer") for part in order.subjects]
    return tell(order, pen) + taken_back


def cancelled_by_customer(order: Order, pen: Pen) -> Story:
    """The customer cancels."""
    return _cancelled(order, pen, "customer")


def cancelled_by_us(order: Order, pen: Pen) -> Story:
    """The shop cancels."""
    return _cancelled(order, pen, "us")


def _cancelled(order: Order, pen: Pen, by: Party) -> Story:
    at = order.made + order.promised * pen.chance.uniform(0.2, 1.5)
    so_far = [happening for happening in tell(replace(order, finished=False), pen) if happening.at < at]
    return [*so_far, pen.write(at, Cancelled, by=by)]


def recalled(order: Order, pen: Pen) -> Story:
    """What was done is taken back soon after, and done again."""
    again = order.lead + pen.chance.uniform(1, 4)
    first = order.made + order.lead
    undone = first + (again - order.lead) * pen.chance.uniform(0.1, 0.4)
    done = pen.write(first, StepReached, order.subjects[0], step=order.shop.keeps)
    taken_back = pen.write(undone, StepUndone, order.subjects[0], step=order.shop.keeps)
    return [*tell(replace(order, lead=again), pen), done, taken_back]


def handed_over(order: Order, pen: Pen) -> Story:
    """Another staff member takes it in hand and finishes it."""
    others = [member for member in order.shop.staff if member != order.member]
    staff = pen.staff(pen.chance.choice(others))
    at = order.made + order.lead * pen.chance.uniform(0.1, 0.9)
    story = [*tell(order, pen), pen.write(at, StaffAssigned)]
    return [_by(happening, staff) if happening.at >= at else happening for happening in story]


def _by(happening: Happening, staff: object) -> Happening:
    return happening._replace(event=structs.replace(happening.event, staff=staff))


def held(order: Order, pen: Pen) -> Story:
    """The shop waits for an answer of the customer."""
    pause = pen.chance.uniform(1, 5)
    starts = order.made + order.lead * pen.chance.uniform(0.1, 0.6)
    reason = "waiting_for_customer"
    holds = [
        hold
        for part in order.subjects
        for hold in (
            pen.write(starts, HoldStarted, part, reason=reason, caused_by="customer"),
            pen.write(starts + pause, HoldEnded, part, reason=reason),
        )
    ]
    return tell(replace(order, lead=order.lead + pause), pen) + holds


def corrected(order: Order, pen: Pen) -> Story:
    """It was done earlier than the button was pressed, and someone puts that right."""
    story = tell(order, pen)
    said = next(happening for happening in story if _keeps(happening, order))
    true = order.made + order.lead * pen.chance.uniform(0.5, 0.9)
    meant = structs.replace(said.event, occurred_at=pen.time.moment(true))
    at = said.at + pen.chance.uniform(0.5, 5)
    return [*story, pen.write(at, Correction, said.event.subject, corrects=said.event.id, event=meant)]


def _keeps(happening: Happening, order: Order) -> bool:
    return isinstance(happening.event, StepReached) and happening.event.step == order.shop.keeps


def pressed_by_mistake(order: Order, pen: Pen) -> Story:
    """The button is pressed too early, and someone takes that back: it never happened."""
    pressed = order.made + order.lead * pen.chance.uniform(0.2, 0.5)
    noticed = order.made + order.lead * pen.chance.uniform(0.6, 0.9)
    mistake = pen.write(pressed, StepReached, order.subjects[0], step=order.shop.keeps)
    correction = pen.write(noticed, Correction, order.subjects[0], corrects=mistake.event.id)
    return [*tell(order, pen), mistake, correction]


TROUBLES: Final[tuple[tuple[Trouble, int], ...]] = (
    (delayed, 4),
    (swapped, 4),
    (duplicated, 4),
    (amended_by_customer, 2),
    (amended_by_us, 2),
    (withdrawn, 1),
    (cancelled_by_customer, 2),
    (cancelled_by_us, 2),
    (recalled, 2),
    (handed_over, 3),
    (held, 2),
    (corrected, 1),
    (pressed_by_mistake, 1),
)
"""What can happen, and how often one is against the others."""
