"""Unusual cases of the simulated town, one function for each kind of disorder.

Events come late, twice or in the wrong order; customers and shops amend, cancel, withdraw and correct.
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
from streams.local.town_stories import EventWriter, Occurrence, Order, usual_events

SHARE: Final = 0.08
"""The share of cases in which something unusual happens."""

Occurrences: TypeAlias = list[Occurrence]
Disorder: TypeAlias = Callable[[Order, EventWriter], Occurrences]


def case_events(order: Order, writer: EventWriter) -> Occurrences:
    """Return the events of the case, in some cases with a disorder. Orders that are never finished have none."""
    if not order.finished or writer.chance.random() >= SHARE:
        return usual_events(order, writer)
    disorders, weights = zip(*DISORDERS, strict=True)
    disorder: Disorder = writer.chance.choices(disorders, weights)[0]
    return disorder(order, writer)


def delayed(order: Order, writer: EventWriter) -> Occurrences:
    """Return the case with one event that is in transit for long."""
    events = usual_events(order, writer)
    index = writer.chance.randrange(len(events))
    events[index] = events[index]._replace(arrives=events[index].at + writer.chance.uniform(0.5, 6))
    return events


def swapped(order: Order, writer: EventWriter) -> Occurrences:
    """Return the case with an event that overtakes the one before it."""
    events = usual_events(order, writer)
    index = writer.chance.randrange(len(events) - 1)
    events[index] = events[index]._replace(arrives=events[index + 1].arrives + writer.travel())
    return events


def duplicated(order: Order, writer: EventWriter) -> Occurrences:
    """Return the case with an event that is sent twice with the same id."""
    events = usual_events(order, writer)
    twice = writer.chance.choice(events)
    return [*events, twice._replace(arrives=twice.arrives + writer.chance.uniform(0.01, 3))]


def amended_by_customer(order: Order, writer: EventWriter) -> Occurrences:
    """Return the case with a promise that the customer moves to later, and an order that is finished later."""
    delay = order.promised * writer.chance.uniform(0.3, 1)
    at = order.made + min(order.promised, order.lead) * writer.chance.uniform(0.1, 0.5)
    return usual_events(replace(order, lead=order.lead + delay), writer) + _amend(order, writer, at, delay, "customer")


def amended_by_us(order: Order, writer: EventWriter) -> Occurrences:
    """Return the case with a promise that the shop moves to later; the order keeps only the new promise."""
    delay = order.promised * writer.chance.uniform(0.3, 0.8)
    at = order.made + order.promised * writer.chance.uniform(0.5, 0.95)
    late = replace(order, lead=order.promised + delay * writer.chance.uniform(0.3, 0.9))
    return usual_events(late, writer) + _amend(order, writer, at, delay, "us")


def _amend(order: Order, writer: EventWriter, at: float, delay: float, by: Party) -> Occurrences:
    terms = {"kind": order.shop.kind, "by": by, **writer.window(order.due + delay)}
    return [writer.write(at, PromiseAmended, subject, **terms) for subject in order.subjects]


def withdrawn(order: Order, writer: EventWriter) -> Occurrences:
    """Return the case with a promise that the customer withdraws, while the work goes on."""
    at = order.made + min(order.promised, order.lead) * writer.chance.uniform(0.1, 0.9)
    withdrawals = [
        writer.write(at, PromiseWithdrawn, part, kind=order.shop.kind, by="customer") for part in order.subjects
    ]
    return usual_events(order, writer) + withdrawals


def cancelled_by_customer(order: Order, writer: EventWriter) -> Occurrences:
    """Return the case with a cancellation by the customer."""
    return _cancelled(order, writer, "customer")


def cancelled_by_us(order: Order, writer: EventWriter) -> Occurrences:
    """Return the case with a cancellation by the shop."""
    return _cancelled(order, writer, "us")


def _cancelled(order: Order, writer: EventWriter, by: Party) -> Occurrences:
    at = order.made + order.promised * writer.chance.uniform(0.2, 1.5)
    so_far = [occurrence for occurrence in usual_events(replace(order, finished=False), writer) if occurrence.at < at]
    return [*so_far, writer.write(at, Cancelled, by=by)]


def recalled(order: Order, writer: EventWriter) -> Occurrences:
    """Return the case with a step that is undone soon after, and reached again."""
    again = order.lead + writer.chance.uniform(1, 4)
    first = order.made + order.lead
    undone = first + (again - order.lead) * writer.chance.uniform(0.1, 0.4)
    done = writer.write(first, StepReached, order.subjects[0], step=order.shop.keeps)
    withdrawals = writer.write(undone, StepUndone, order.subjects[0], step=order.shop.keeps)
    return [*usual_events(replace(order, lead=again), writer), done, withdrawals]


def handed_over(order: Order, writer: EventWriter) -> Occurrences:
    """Return the case with an order that another staff member takes over and finishes."""
    others = [member for member in order.shop.staff if member != order.member]
    staff = writer.staff(writer.chance.choice(others))
    at = order.made + order.lead * writer.chance.uniform(0.1, 0.9)
    events = [*usual_events(order, writer), writer.write(at, StaffAssigned)]
    return [_by(occurrence, staff) if occurrence.at >= at else occurrence for occurrence in events]


def _by(occurrence: Occurrence, staff: object) -> Occurrence:
    return occurrence._replace(event=structs.replace(occurrence.event, staff=staff))


def on_hold(order: Order, writer: EventWriter) -> Occurrences:
    """Return the case with a hold, because the shop waits for the customer."""
    pause = writer.chance.uniform(1, 5)
    starts = order.made + order.lead * writer.chance.uniform(0.1, 0.6)
    reason = "waiting_for_customer"
    holds = [
        hold
        for part in order.subjects
        for hold in (
            writer.write(starts, HoldStarted, part, reason=reason, caused_by="customer"),
            writer.write(starts + pause, HoldEnded, part, reason=reason),
        )
    ]
    return usual_events(replace(order, lead=order.lead + pause), writer) + holds


def corrected(order: Order, writer: EventWriter) -> Occurrences:
    """Return the case with a correction: the step was reached earlier than recorded."""
    events = usual_events(order, writer)
    wrong = next(occurrence for occurrence in events if _keeps(occurrence, order))
    actual = order.made + order.lead * writer.chance.uniform(0.5, 0.9)
    right = structs.replace(wrong.event, occurred_at=writer.time.moment(actual))
    at = wrong.at + writer.chance.uniform(0.5, 5)
    return [*events, writer.write(at, Correction, wrong.event.subject, corrects=wrong.event.id, event=right)]


def _keeps(occurrence: Occurrence, order: Order) -> bool:
    return isinstance(occurrence.event, StepReached) and occurrence.event.step == order.shop.keeps


def pressed_by_mistake(order: Order, writer: EventWriter) -> Occurrences:
    """Return the case with a step that is recorded too early, and a correction that says it never happened."""
    pressed = order.made + order.lead * writer.chance.uniform(0.2, 0.5)
    noticed = order.made + order.lead * writer.chance.uniform(0.6, 0.9)
    mistake = writer.write(pressed, StepReached, order.subjects[0], step=order.shop.keeps)
    correction = writer.write(noticed, Correction, order.subjects[0], corrects=mistake.event.id)
    return [*usual_events(order, writer), mistake, correction]


DISORDERS: Final[tuple[tuple[Disorder, int], ...]] = (
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
    (on_hold, 2),
    (corrected, 1),
    (pressed_by_mistake, 1),
)
"""Each disorder with its relative frequency."""
