"""Cancellations and withdrawals: four switches of the policy decide the verdict."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from schemas.words import Party
from streams.judging.policy import Policies
from tests.histories import Story, order, policies_of

STORY = order("o1").promised("ready", due="12:40", time="12:00")
BAG = order("o1").about("bag").promised("ready", due="12:40", time="12:00")

Ended = Callable[[Story, str, Party], Story]
ENDINGS: dict[str, tuple[Story, Ended]] = {
    "the case": (STORY, lambda story, time, by: story.cancelled(time, by=by)),
    "the case of a bag": (BAG, lambda story, time, by: story.about("").cancelled(time, by=by)),
    "the bag": (BAG, lambda story, time, by: story.cancelled(time, by=by)),
    "the promise": (STORY, lambda story, time, by: story.withdrawn("ready", time, by=by)),
    "the promise of a bag": (BAG, lambda story, time, by: story.withdrawn("ready", time, by=by)),
}
PARTIES: tuple[Party, ...] = ("us", "customer")


def switched(by: Party, moment: str, verdict: str) -> Policies:
    """Return policies with `verdict` at one switch, and the other verdict at all others."""
    other = {"broken": "excluded", "excluded": "broken"}[verdict]
    lines = [
        f'cancelled.by_{party}.{when} = "{verdict if (party, when) == (by, moment) else other}"'
        for party, when in product(PARTIES, ("before_due", "after_due"))
    ]
    return policies_of("\n".join(['[[policy]]\nkind = "ready"\ngrace = "2m"', *lines]))


@pytest.mark.parametrize("name", ENDINGS)
@pytest.mark.parametrize("by", PARTIES)
@pytest.mark.parametrize(
    ("moment", "time"),
    [("before_due", "12:10"), ("before_due", "12:42"), ("after_due", "12:42:00.001"), ("after_due", "12:50")],
)
@pytest.mark.parametrize("verdict", ["broken", "excluded"])
def test_each_switch_decides_only_its_own_kind_of_cancellation(
    name: str, by: Party, moment: str, time: str, verdict: str
) -> None:
    story, end = ENDINGS[name]

    assert end(story, time, by).ruling("13:00", switched(by, moment, verdict)) == f"{verdict} / cancelled_by_{by}"


@pytest.mark.parametrize(
    ("by", "time", "says"),
    [
        ("us", "12:10", "broken / cancelled_by_us"),
        ("us", "12:50", "broken / cancelled_by_us"),
        ("customer", "12:10", "excluded / cancelled_by_customer"),
        ("customer", "12:50", "broken / cancelled_by_customer"),
    ],
)
def test_by_default_only_a_cancellation_by_the_customer_before_due_excludes(by: Party, time: str, says: str) -> None:
    assert STORY.cancelled(time, by=by).ruling("13:00") == says


def test_a_cancelled_promise_does_not_become_overdue() -> None:
    story = STORY.cancelled("12:10", by="customer")

    assert story.ruling("12:10") == story.ruling("23:00") == "excluded / cancelled_by_customer"
    assert story.promise("23:00")[1].original.lateness is None


@pytest.mark.parametrize(("ready", "says"), [("12:29", "kept / on_time"), ("12:30", "kept / on_time")])
def test_a_delivery_by_the_cancellation_counts(ready: str, says: str) -> None:
    assert STORY.reached("ready", ready).cancelled("12:30", by="customer").ruling("13:00") == says


def test_a_delivery_after_the_cancellation_does_not_count() -> None:
    story = STORY.cancelled("12:30", by="customer").reached("ready", "12:30:00.001")

    assert story.ruling("13:00") == "excluded / cancelled_by_customer"
    assert story.promise("13:00")[1].original.lateness is None


def test_cancelling_one_bag_leaves_the_other_and_the_order() -> None:
    story = BAG.about("cake").promised("ready", due="12:40").about("").promised("ready", due="12:40")
    story = story.about("bag").cancelled("12:10", by="customer")

    assert story.ruling("13:00", subject="bag") == "excluded / cancelled_by_customer"
    assert story.ruling("13:00", subject="cake") == story.ruling("13:00", subject="") == "broken / undelivered"


def test_withdrawing_one_promise_leaves_the_others() -> None:
    policies = policies_of('[[policy]]\nkind = "ready"\n[[policy]]\nkind = "delivered"\n')
    story = STORY.promised("delivered", due="12:50").promised("ready", due="12:50", ordinal=2)
    story = story.withdrawn("ready", "12:10", by="customer")

    assert story.ruling("13:00", policies, kind="ready", ordinal=1) == "excluded / cancelled_by_customer"
    assert story.ruling("13:00", policies, kind="ready", ordinal=2) == "broken / undelivered"
    assert story.ruling("13:00", policies, kind="delivered") == "broken / undelivered"


def test_the_first_cancellation_or_withdrawal_decides() -> None:
    bag_first = BAG.cancelled("12:10", by="customer").about("").cancelled("12:20", by="us")
    case_first = BAG.about("").cancelled("12:10", by="us").about("bag").cancelled("12:20", by="customer")
    withdrawn_first = BAG.withdrawn("ready", "12:05", by="us").cancelled("12:10", by="customer")

    assert bag_first.ruling("13:00") == "excluded / cancelled_by_customer"
    assert case_first.ruling("13:00") == "broken / cancelled_by_us"
    assert withdrawn_first.ruling("13:00") == "broken / cancelled_by_us"


def test_a_second_cancellation_or_withdrawal_changes_nothing() -> None:
    twice = STORY.cancelled("12:10", by="customer").cancelled("12:20", by="us")
    withdrawn = STORY.withdrawn("ready", "12:10", by="customer").withdrawn("ready", "12:20", by="us")

    assert twice.ruling("13:00") == withdrawn.ruling("13:00") == "excluded / cancelled_by_customer"


def test_a_cancellation_between_two_dues_is_judged_on_each_basis() -> None:
    #  12:30             12:40   12:50                     13:00
    #  we say 13:00      due     the customer cancels      due now
    story = STORY.amended("ready", "12:30", due="13:00", by="us").cancelled("12:50", by="customer")

    assert story.ruling("13:30", basis="original") == "broken / cancelled_by_customer"
    assert story.ruling("13:30", basis="current") == "excluded / cancelled_by_customer"
