"""A day of webhooks of Square, Toast and Shopify through their adapters, without Kafka: in any order of arrival, with
repetitions and outdated snapshots, the verdicts are those of the actual orders.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final, NamedTuple

import pytest

from schemas.events import Clock, Record
from schemas.instants import Instant, parse_instant
from streams.adapters.decoding import decode
from streams.adapters.feed_records import AdaptedRecord, OpenedRecord
from streams.adapters.vendors import load
from streams.cli.options import load_policies
from streams.judging.admission import admit
from streams.judging.facts import Fact
from streams.judging.history import History, insert
from tests.day.orders import SHOPS, STEPS, Dated, Order, Vendor, day
from tests.day.verdicts import Key, Stands, stands, truly
from tests.day.webhooks import fetched, webhooks

START: Final = parse_instant("2026-03-06T06:00:00Z")
MINUTE: Final = 60_000.0
HOUR: Final = 3_600_000
ENDED: Final = START + 48 * HOUR
"""An instant long after every promise was due."""


def back_again(vendor: Vendor) -> Order:
    """Return an order whose due time was changed and then changed back; its work began in between."""
    first, other, placed = START + 2 * HOUR, START + 3 * HOUR, START
    promised = (Dated(placed, first), Dated(placed + HOUR // 2, other), Dated(placed + HOUR, first))
    early, late = STEPS[vendor]
    steps = ((early, START + HOUR + HOUR // 4), (late, first + HOUR // 2))
    return Order(vendor, "90001", SHOPS[vendor][0], placed, promised, steps)


ORDERS: Final = [*day(1, START, MINUTE, 300), *map(back_again, SHOPS)]
POLICIES: Final = load_policies(None)
ADAPTERS: Final = {vendor: load(vendor) for vendor in SHOPS}


class Body(NamedTuple):
    """A record of a vendor: pushed at that instant, or fetched."""

    value: bytes
    headers: dict[str, str]
    at: Instant


def adapted(vendor: Vendor, body: Body) -> AdaptedRecord:
    """Return the adapted record."""
    return ADAPTERS[vendor].adapt(OpenedRecord(decode(body.value), body.headers, received_at=body.at))


def sent(order: Order) -> Iterator[Body]:
    """Yield all records of `order`: the webhooks, and the fetched orders of thin ones."""
    for webhook in webhooks(order):
        body = Body(webhook.body, webhook.headers, webhook.at)
        yield body
        if adapted(order.vendor, body).thin:
            yield Body(fetched(order, webhook.version), {}, webhook.at)


def facts(order: Order, events: tuple[Record, ...]) -> list[Fact]:
    """Return the facts of the events, and check that all are of this order."""
    assert {None if isinstance(event, Clock) else event.case for event in events} <= {order.case}
    return [admit(event, POLICIES) for event in events if not isinstance(event, Clock)]


@pytest.fixture(scope="module")
def facts_of_bodies() -> dict[str, list[list[Fact]]]:
    """Return the facts of each body by case: all once, and all again as if they came an hour later."""
    outcomes: dict[str, list[list[Fact]]] = {}
    for order in ORDERS:
        bodies = list(sent(order))
        again = [body._replace(at=body.at + HOUR) for body in bodies]
        outcomes[order.case] = [facts(order, adapted(order.vendor, body).events) for body in bodies + again]
    return outcomes


@pytest.mark.parametrize("seed", range(10))
def test_webhooks_in_any_order_and_twice_are_judged_as_the_day_was(
    facts_of_bodies: dict[str, list[list[Fact]]], seed: int
) -> None:
    chance = Random(seed)
    outcomes: dict[Key, tuple[Stands, Stands]] = {}
    for case, bodies in facts_of_bodies.items():
        history: History = []
        for body in chance.sample(bodies, len(bodies)):
            for fact in body:
                insert(history, fact)
        outcomes |= stands(case, history, POLICIES, ENDED)
    truth = truly(ORDERS, POLICIES, ENDED)
    assert {key: (outcomes.get(key), truth[key]) for key in truth if outcomes.get(key) != truth[key]} == {}
    assert outcomes.keys() == truth.keys()


def test_repeated_records_give_no_new_facts(facts_of_bodies: dict[str, list[list[Fact]]]) -> None:
    for bodies in facts_of_bodies.values():
        half = len(bodies) // 2
        assert bodies[:half] == bodies[half:]
        assert sum(map(len, bodies[:half])) > 0


def test_the_day_has_every_outcome_of_a_promise() -> None:
    truth = truly(ORDERS, POLICIES, ENDED)
    reasons = {
        (vendor, both[0].reason) for (case, _), both in truth.items() for vendor in SHOPS if case.startswith(vendor)
    }
    assert reasons >= {
        (vendor, reason) for vendor in SHOPS for reason in ("on_time", "late", "undelivered", "cancelled_by_us")
    }
    assert ("shopify", "cancelled_by_customer") in reasons
    assert any(original != current for original, current in truth.values())
