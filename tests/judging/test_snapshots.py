"""Snapshots of a till: the first statement makes a promise, another due amends it, a repetition does nothing."""

from __future__ import annotations

from itertools import permutations

import pytest

from schemas.events import PromisesStated, PromiseTerms
from schemas.reading import Refused
from schemas.words import Party
from streams.judging.case import Window
from tests.histories import Story, at, moment, order, policies_of

STORY = order("o1").stated("ready", due="12:40", time="12:00")
ASSUMED = policies_of('[[policy]]\nkind = "ready"\nassumed = { starts_with = "ordered", within = "15m" }\n')


def dues(story: Story, now: str = "12:39") -> tuple[str, str]:
    """Return the original and the current due as times of the day."""
    promise, _ = story.promise(now)
    return _text(promise.original), _text(promise.current)


def _text(window: Window) -> str:
    minutes = (window.due - at("00:00")) // 60_000
    return f"{minutes // 60}:{minutes % 60:02}"


def test_the_first_statement_makes_the_promise() -> None:
    assert dues(STORY) == ("12:40", "12:40")
    assert STORY.promise("12:39")[0].made_at == at("12:00")
    assert STORY.reached("ready", "12:40").ruling("13:00") == "kept / on_time"
    assert STORY.ruling("13:00") == "broken / undelivered"


def test_a_repeated_statement_changes_nothing() -> None:
    assert STORY.stated("ready", due="12:40", time="12:10").judgement("13:00") == STORY.judgement("13:00")


def test_a_statement_with_another_due_is_an_amendment_by_us() -> None:
    story = STORY.stated("ready", due="12:50", time="12:10").reached("ready", "12:45")

    assert dues(story) == ("12:40", "12:50")
    assert story.ruling("13:00", basis="original") == "broken / late"
    assert story.ruling("13:00", basis="current") == "kept / on_time"


def test_another_window_amends_even_where_the_due_is_the_same() -> None:
    promise, _ = STORY.stated("ready", opens="12:30", due="12:40", time="12:10").promise("12:20")

    assert promise.current == Window(at("12:30"), at("12:40"))


def test_a_due_that_is_moved_and_moved_back_is_the_original_one() -> None:
    story = STORY.stated("ready", due="12:50", time="12:10").stated("ready", due="12:40", time="12:20")

    assert dues(story) == ("12:40", "12:40")


@pytest.mark.parametrize("by", ["us", "customer"])
def test_an_amendment_by_phone_holds_while_the_till_repeats_the_old_due(by: Party) -> None:
    #  12:00        12:10                    12:20        12:30
    #  till 12:40   on the phone: 13:00      till 12:40   till 12:40
    story = STORY.amended("ready", "12:10", due="13:00", by=by)
    repeated = story.stated("ready", due="12:40", time="12:20").stated("ready", due="12:40", time="12:30")

    assert dues(repeated) == dues(story) == ("12:40" if by == "us" else "13:00", "13:00")


def test_a_statement_that_follows_the_amendment_changes_nothing_and_a_later_one_may() -> None:
    story = STORY.amended("ready", "12:10", due="13:00", by="customer").stated("ready", due="13:00", time="12:20")

    assert dues(story) == ("13:00", "13:00")
    assert dues(story.stated("ready", due="13:10", time="12:30")) == ("13:00", "13:10")
    assert dues(story.stated("ready", due="12:40", time="12:30")) == ("13:00", "12:40")


def test_two_calls_later_the_old_due_of_the_till_still_says_nothing() -> None:
    story = STORY.amended("ready", "12:10", due="13:00", by="customer")
    story = story.amended("ready", "12:20", due="13:10", by="customer").stated("ready", due="12:40", time="12:30")

    assert dues(story) == ("13:10", "13:10")


@pytest.mark.parametrize("by", ["us", "customer"])
def test_a_given_promise_counts_as_stated_with_its_own_window(by: Party) -> None:
    spoken = order("o1").promised("ready", due="12:40", time="12:00", origin="spoken")
    phoned = spoken.amended("ready", "12:10", due="13:00", by=by)

    assert dues(spoken.stated("ready", due="12:40", time="12:05")) == ("12:40", "12:40")
    assert dues(phoned.stated("ready", due="12:40", time="12:20")) == dues(phoned)
    assert dues(phoned.stated("ready", due="12:50", time="12:20")) == (dues(phoned)[0], "12:50")


def test_a_promise_given_again_holds_while_the_till_repeats_the_old_due() -> None:
    story = STORY.promised("ready", due="12:50", time="12:10").stated("ready", due="12:40", time="12:20")

    assert dues(story) == ("12:40", "12:50")


def test_an_old_snapshot_that_arrives_late_has_the_original_due() -> None:
    story = STORY.stated("ready", due="12:50", time="12:10").stated("ready", due="12:45", time="12:20")

    for events in permutations(story.events):
        assert dues(Story("o1", events)) == ("12:40", "12:45")


def test_a_retried_snapshot_is_the_same_fact() -> None:
    once = STORY.stated("ready", due="12:50", time="12:10", id="v2")

    assert once.stated("ready", due="12:50", time="12:10", id="v2").facts() == once.facts()


def test_a_snapshot_after_the_delivery_changes_nothing() -> None:
    story = STORY.reached("ready", "12:45").stated("ready", due="12:50", time="12:46")

    assert story.ruling("13:00") == "broken / late"


def test_the_first_statement_may_come_after_due_and_delivery() -> None:
    story = order("o1").reached("ready", "12:35").stated("ready", due="12:40", time="12:50")

    assert story.ruling("13:00") == "kept / on_time"


def test_a_snapshot_may_state_and_withdraw_at_one_instant() -> None:
    story = order("o1").withdrawn("ready", "12:00", by="customer").stated("ready", due="12:40", time="12:00")

    assert story.ruling("13:00") == "excluded / cancelled_by_customer"


def test_an_amendment_at_the_instant_of_a_snapshot_comes_after_it() -> None:
    agreed = order("o1").amended("ready", "12:10", due="13:00", by="customer")

    assert dues(agreed.stated("ready", due="12:40", time="12:10")) == ("13:00", "13:00")
    assert dues(STORY.amended("ready", "12:10", due="13:00", by="us").stated("ready", due="12:50", time="12:10")) == (
        "12:40",
        "13:00",
    )


def test_a_promise_that_a_snapshot_leaves_out_stays() -> None:
    story = STORY.stated("ready", due="12:30", ordinal=2, time="12:10")

    assert story.ruling("13:00", ordinal=1) == story.ruling("13:00", ordinal=2) == "broken / undelivered"


def test_a_stated_promise_replaces_an_assumed_one_and_outlives_its_step() -> None:
    story = order("o1").ordered("12:00").stated("ready", due="12:40", time="12:05")
    promise, _ = story.undone("ordered", "12:06").promise("12:30", ASSUMED)

    assert (promise.origin, promise.made_at, promise.original.due) == ("written", at("12:05"), at("12:40"))


def test_the_breach_of_an_assumed_promise_is_not_undone_by_a_statement() -> None:
    story = order("o1").ordered("12:00").stated("ready", due="12:40", time="12:20")
    again = story.undone("ordered", "12:21").stated("ready", due="12:40", time="12:22")

    for events in (story, again):
        assert events.ruling("12:30", ASSUMED, "original") == "broken / undelivered"
        assert events.ruling("12:30", ASSUMED, "current") == "open / pending"


def test_stating_the_assumed_due_makes_the_promise_a_given_one() -> None:
    story = order("o1").ordered("12:00").stated("ready", due="12:15", time="12:20").undone("ordered", "12:21")

    assert story.ruling("12:30", ASSUMED) == "broken / undelivered"


def test_a_denied_snapshot_never_stated_anything() -> None:
    story = STORY.stated("ready", due="12:50", time="12:10").denied("e2", "12:20")

    assert dues(story) == ("12:40", "12:40")


def test_two_promises_with_one_ordinal_are_refused() -> None:
    terms = PromiseTerms(kind="ready", due=moment("12:40"))
    twice = PromisesStated(id="v1", case="o1", occurred_at=moment("12:00"), promises=[terms, terms])

    with pytest.raises(Refused, match="number them 1, 2, 3"):
        Story("o1", (twice,)).facts()
