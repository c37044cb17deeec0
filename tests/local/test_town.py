"""Tests of the simulated town: its events, its shops, and its unusual cases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import islice, pairwise, takewhile
from statistics import mean
from typing import get_args

import msgspec
import pytest

from schemas import events
from schemas.instants import Instant, from_datetime, parse_instant
from schemas.reading import read_event
from streams.local.town import TownEvent, town
from streams.local.town_shops import KITCHEN, SHOPS

SEVEN = parse_instant("2026-03-02T07:00:00Z")
MINUTE = 1000
RUSH = KITCHEN.rush
FACTS: tuple[type, ...] = tuple(fact for fact in get_args(events.CaseEvent) if fact is not events.PromisesStated)
"""A shop of the town says what happens when it does; snapshots are what feeds of orders say."""

Cases = dict[str, list[TownEvent]]


def minutes(arrivals: Iterable[TownEvent], many: float) -> list[TownEvent]:
    return list(takewhile(lambda arrival: arrival.at < SEVEN + many * MINUTE, arrivals))


def by_case(arrivals: Iterable[TownEvent]) -> Cases:
    cases: Cases = defaultdict(list)
    for arrival in arrivals:
        cases[arrival.event.case].append(arrival)
    return cases


def occurred(arrival: TownEvent) -> Instant:
    return from_datetime(arrival.event.occurred_at)


@pytest.fixture(scope="module")
def day() -> list[TownEvent]:
    """Return eight hours of a busy town, from seven o'clock."""
    return minutes(town(7, SEVEN, MINUTE, orders_per_minute=20), 480)


def test_the_same_seed_gives_the_same_town() -> None:
    assert list(islice(town(3, SEVEN), 2000)) == list(islice(town(3, SEVEN), 2000))


def test_another_seed_gives_another_town() -> None:
    assert list(islice(town(3, SEVEN), 50)) != list(islice(town(4, SEVEN), 50))


def test_a_town_of_faster_minutes_tells_the_same_story_sooner() -> None:
    slow, fast = by_case(islice(town(3, SEVEN, 60_000), 400)), by_case(islice(town(3, SEVEN, 600), 400))

    assert slow.keys() == fast.keys()
    for case, arrivals in slow.items():
        for at_leisure, in_haste in zip(arrivals, fast[case], strict=True):
            assert at_leisure.event.id == in_haste.event.id
            assert occurred(in_haste) - SEVEN == pytest.approx((occurred(at_leisure) - SEVEN) / 100, abs=1)


def test_two_towns_on_one_broker_have_different_cases() -> None:
    today, tomorrow = islice(town(3, SEVEN), 200), islice(town(3, SEVEN + 86_400_000), 200)

    assert not by_case(today).keys() & by_case(tomorrow).keys()


def test_arrivals_never_go_back_in_time(day: list[TownEvent]) -> None:
    assert all(earlier.at <= later.at for earlier, later in pairwise(day))
    assert day[0].at >= SEVEN


def test_no_event_arrives_before_it_happened(day: list[TownEvent]) -> None:
    assert all(occurred(arrival) <= arrival.at for arrival in day)


def test_a_quiet_town_has_the_requested_number_of_orders() -> None:
    quiet = by_case(minutes(town(11, SEVEN, MINUTE, orders_per_minute=30), RUSH.begins))

    assert len(quiet) == pytest.approx(30 * RUSH.begins, rel=0.1)


def test_no_case_goes_on_for_ever_so_little_is_ever_under_way(day: list[TownEvent]) -> None:
    longest = max(arrivals[-1].at - arrivals[0].at for arrivals in by_case(day).values())

    assert longest < 120 * MINUTE


@pytest.mark.parametrize(
    ("minute", "orders_per_minute", "says"),
    [(0, 4.0, "at least 1 millisecond"), (1000, 0.0, "a number above 0"), (1000, -1.0, "a number above 0")],
)
def test_a_town_where_nothing_can_happen_is_refused_at_once(minute: int, orders_per_minute: float, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        town(3, SEVEN, minute, orders_per_minute)


def test_every_event_is_read_back_as_it_was_written(day: list[TownEvent]) -> None:
    for arrival in day:
        assert read_event(msgspec.json.encode(arrival.event)) == arrival.event


def test_a_day_has_every_type_of_event(day: list[TownEvent]) -> None:
    text = {type(arrival.event) for arrival in day}

    assert text == set(FACTS)
    assert any(isinstance(a.event, events.Correction) and a.event.event is None for a in day)
    assert any(isinstance(a.event, events.Correction) and a.event.event is not None for a in day)


def test_an_id_names_one_event_however_often_it_arrives(day: list[TownEvent]) -> None:
    known: dict[str, events.CaseEvent] = {}
    for arrival in day:
        assert known.setdefault(arrival.event.id, arrival.event) == arrival.event
    assert 0.001 < 1 - len(known) / len(day) < 0.006


def test_every_shop_and_every_member_of_its_staff_is_at_work(day: list[TownEvent]) -> None:
    seen: dict[str, set[str]] = defaultdict(set)
    for arrival in day:
        assert arrival.event.location
        assert arrival.event.staff
        seen[arrival.event.location].add(arrival.event.staff.id)

    assert seen == {shop.location: {member.id for member in shop.staff} for shop in SHOPS}
    assert sum(shop.share for shop in SHOPS) == pytest.approx(1)


# The ordinary disorder


def came_twice(arrivals: list[TownEvent]) -> bool:
    return len({arrival.event.id for arrival in arrivals}) < len(arrivals)


def came_out_of_order(arrivals: list[TownEvent]) -> bool:
    first: dict[str, TownEvent] = {}
    for arrival in arrivals:
        first.setdefault(arrival.event.id, arrival)
    return any(occurred(earlier) > occurred(later) for earlier, later in pairwise(first.values()))


def came_late(arrivals: list[TownEvent]) -> bool:
    return any(arrival.at - occurred(arrival) > MINUTE // 20 for arrival in arrivals)


def says(arrivals: list[TownEvent], *facts: type) -> bool:
    return any(isinstance(arrival.event, facts) for arrival in arrivals)


USUAL = (events.PromisesMade, events.StepReached)
UNUSUAL = tuple(fact for fact in FACTS if fact not in USUAL)


def test_about_one_case_in_twelve_is_unusual(day: list[TownEvent]) -> None:
    cases = by_case(day).values()

    assert 0.065 < mean(came_twice(case) or came_late(case) or says(case, *UNUSUAL) for case in cases) < 0.09
    assert 0.006 < mean(came_twice(case) for case in cases) < 0.015
    assert 0.008 < mean(came_out_of_order(case) for case in cases) < 0.025
    assert 0.010 < mean(came_late(case) for case in cases) < 0.04
    assert mean(came_late(case) and not came_twice(case) and not came_out_of_order(case) for case in cases) > 0.001


@pytest.mark.parametrize("fact", UNUSUAL, ids=lambda fact: str(fact.__name__))
def test_each_trouble_is_rare_but_there(day: list[TownEvent], fact: type) -> None:
    assert 0.001 < mean(says(case, fact) for case in by_case(day).values()) < 0.02


@pytest.mark.parametrize("by", ["us", "customer"])
def test_both_sides_amend_and_both_sides_cancel(day: list[TownEvent], by: str) -> None:
    assert any(isinstance(a.event, events.PromiseAmended) and a.event.by == by for a in day)
    assert any(isinstance(a.event, events.Cancelled) and a.event.by == by for a in day)


def test_a_correction_speaks_of_an_event_of_its_case(day: list[TownEvent]) -> None:
    for case in by_case(day).values():
        ids = {arrival.event.id for arrival in case}
        corrections = [arrival.event for arrival in case if isinstance(arrival.event, events.Correction)]
        assert all(correction.corrects in ids - {correction.id} for correction in corrections)


def test_an_undone_step_is_reached_again(day: list[TownEvent]) -> None:
    recalled = [case for case in by_case(day[: len(day) // 2]).values() if says(case, events.StepUndone)]

    for case in recalled:
        (undone,) = (arrival.event for arrival in case if isinstance(arrival.event, events.StepUndone))
        times = sorted(
            arrival.event.occurred_at
            for arrival in case
            if isinstance(arrival.event, events.StepReached)
            and (arrival.event.step, arrival.event.subject) == (undone.step, undone.subject)
        )
        assert times[0] < undone.occurred_at < times[1]
    assert len(recalled) > 5


def test_an_order_that_is_handed_over_has_another_staff_member(day: list[TownEvent]) -> None:
    handed_over = [case for case in by_case(day[: len(day) // 2]).values() if says(case, events.StaffAssigned)]

    for case in handed_over:
        (change,) = (arrival.event for arrival in case if isinstance(arrival.event, events.StaffAssigned))
        before = {arrival.event.staff for arrival in case if arrival.event.occurred_at < change.occurred_at}
        after = {arrival.event.staff for arrival in case if arrival.event.occurred_at >= change.occurred_at}
        assert after == {change.staff}
        assert len(before) == 1
        assert not before & after
    assert len(handed_over) > 5
