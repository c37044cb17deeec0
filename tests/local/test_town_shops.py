"""Tests of the shops of the town: their kept shares under the policies written for them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path
from statistics import mean
from typing import NamedTuple

import pytest

from schemas.instants import parse_instant
from streams.config.policies import parse_policies
from streams.judging.admission import admit
from streams.judging.case import Judged, Promise
from streams.judging.history import History, insert
from streams.judging.settle import judge
from streams.local import town as town_module
from streams.local.town import TownEvent, town
from streams.local.town_shops import BIKES, CLINIC, ERRATIC, KITCHEN, PADDED, PARCELS, PHARMACY, SHOPS, STEADY, Shop

SEVEN = parse_instant("2026-03-02T07:00:00Z")
MINUTE = 1000
RUSH = KITCHEN.rush
POLICY_FILE = Path(town_module.__file__).with_name("town-policies.toml")
POLICIES = parse_policies(POLICY_FILE.read_text("utf-8"), POLICY_FILE.name)


class Ruled(NamedTuple):
    """A promise with its verdict."""

    promise: Promise
    judged: Judged

    @property
    def verdict(self) -> str:
        return self.judged.original.ruling.verdict

    @property
    def reason(self) -> str:
        return self.judged.original.ruling.reason


def judged(arrivals: list[TownEvent]) -> list[Ruled]:
    """Return every promise at the end, without those that are still open."""
    histories: dict[str, History] = defaultdict(list)
    for arrival in arrivals:
        insert(histories[arrival.event.case], admit(arrival.event, POLICIES))
    end = arrivals[-1].at
    rulings = [judge(history, POLICIES, end) for history in histories.values()]
    last = end - 60 * MINUTE
    return [Ruled(*pair) for ruling in rulings for pair in ruling.promises if pair[0].made_at < last]


def share(rulings: Iterable[Ruled], verdict: str) -> float:
    return mean(ruled.verdict == verdict for ruled in rulings)


@pytest.fixture(scope="module")
def rulings() -> list[Ruled]:
    """Return the promises of eight hours in a busy town, from seven o'clock."""
    end = SEVEN + 480 * MINUTE
    return judged(list(takewhile(lambda arrival: arrival.at < end, town(7, SEVEN, MINUTE, orders_per_minute=20))))


def of(rulings: list[Ruled], shop: Shop) -> list[Ruled]:
    return [ruled for ruled in rulings if ruled.promise.location == shop.location]


def by_habit(rulings: list[Ruled], habit: object) -> list[Ruled]:
    members = {member.id for shop in SHOPS if shop is not KITCHEN for member in shop.staff if member.habit == habit}
    return [ruled for ruled in rulings if ruled.judged.original.staff in members]


def test_steady_staff_keep_their_promises_and_erratic_staff_do_not(rulings: list[Ruled]) -> None:
    assert share(by_habit(rulings, STEADY), "kept") > 0.92
    assert 0.5 < share(by_habit(rulings, ERRATIC), "kept") < 0.85


def test_the_pharmacy_promises_far_more_time_than_it_needs(rulings: list[Ruled]) -> None:
    delivered = [r for r in of(rulings, PHARMACY) if r.judged.original.lateness is not None]
    spare = [-(r.judged.original.lateness or 0) / (r.promise.original.due - r.promise.made_at) for r in delivered]

    assert mean(spare) > 0.5
    assert share(delivered, "kept") > 0.98
    assert all(member.habit == PADDED for member in PHARMACY.staff)


def test_the_kitchen_is_in_trouble_at_its_rush_hour_and_recovers(rulings: list[Ruled]) -> None:
    def kept(begins: float, ends: float) -> float:
        hour = range(SEVEN + int(begins * MINUTE), SEVEN + int(ends * MINUTE))
        return share([r for r in of(rulings, KITCHEN) if r.promise.made_at in hour], "kept")

    height, over = RUSH.begins + RUSH.lasts / 2, RUSH.begins + RUSH.lasts
    assert kept(0, RUSH.begins) > 0.9
    assert kept(height - 15, height + 15) < 0.3
    assert kept(over, 420) > 0.9


def test_some_orders_of_the_rush_are_never_finished(rulings: list[Ruled]) -> None:
    reasons = Counter(r.reason for r in of(rulings, KITCHEN))
    elsewhere = [r for r in rulings if r.promise.location != KITCHEN.location]

    assert reasons["late"] > reasons["undelivered"] > 20
    assert mean(r.reason == "undelivered" for r in elsewhere) < 0.01


def test_the_rush_comes_again() -> None:
    height = RUSH.begins + RUSH.lasts / 2

    assert RUSH.pressure(height) == RUSH.pressure(height + RUSH.every) == 1
    assert RUSH.pressure(RUSH.begins - 1) == RUSH.pressure(RUSH.begins + RUSH.lasts) == 0
    assert all(shop.rush.pressure(height) == 0 for shop in SHOPS if shop is not KITCHEN)


def test_a_case_of_the_parcel_desk_can_hold_two_parcels_each_with_its_promise(rulings: list[Ruled]) -> None:
    parcels = Counter(r.promise.key.subject for r in of(rulings, PARCELS))

    assert 0.1 < parcels["parcel-2"] / parcels["parcel-1"] < 0.3


# The policies of the town


def test_every_policy_judges_promises_of_the_town(rulings: list[Ruled]) -> None:
    used = Counter(ruled.promise.policy.id for ruled in rulings)

    assert used.keys() == POLICIES.by_id.keys()
    assert min(used.values()) > 100


def test_each_shop_is_judged_by_the_policy_written_for_it(rulings: list[Ruled]) -> None:
    used: dict[str, set[str]] = defaultdict(set)
    for ruled in rulings:
        used[ruled.promise.location].add(ruled.promise.policy.name)

    bars = {shop.location: {"pickup", "counter"} for shop in SHOPS if shop.counter}
    assert used == bars | {
        KITCHEN.location: {"pickup"},
        PHARMACY.location: {"prescription"},
        CLINIC.location: {"call-back"},
        PARCELS.location: {"parcel"},
        BIKES.location: {"repair"},
    }


def test_promises_at_the_counter_are_assumed_by_the_policy(rulings: list[Ruled]) -> None:
    assumed = [ruled.promise for ruled in rulings if ruled.promise.origin == "assumed"]
    counter = POLICIES.by_id["counter@1"]

    assert {promise.policy.name for promise in assumed} == {"counter"}
    assert counter.assumed
    assert {counter.assumed.within} == {shop.counter * MINUTE for shop in SHOPS if shop.counter}


def test_a_day_shows_every_verdict_that_the_policies_can_give(rulings: list[Ruled]) -> None:
    assert {r.judged.original.ruling for r in rulings} == {
        ("kept", "on_time"),
        ("kept", "in_grace"),
        ("broken", "late"),
        ("broken", "undelivered"),
        ("broken", "early"),
        ("broken", "cancelled_by_us"),
        ("broken", "cancelled_by_customer"),
        ("excluded", "cancelled_by_customer"),
    }


def test_promises_amended_by_the_shop_are_broken_originally_and_kept_currently(rulings: list[Ruled]) -> None:
    amended = [r for r in rulings if r.promise.current != r.promise.original]
    broken = share(amended, "broken")
    kept = mean(r.judged.current.ruling.verdict == "kept" for r in amended)

    assert len(amended) > 20
    assert broken > 0.6
    assert kept > 0.9
