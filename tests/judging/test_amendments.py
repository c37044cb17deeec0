"""A promise with another due: the current basis follows it, the original one only the customer who asked in time."""

from __future__ import annotations

import pytest

from tests.histories import at, order, policies_of

STORY = order("o1").ordered("12:00").promised("ready", due="12:40")
LENIENT = policies_of('[[policy]]\nkind = "ready"\ngrace = "2m"\n')


def test_more_time_taken_by_us_is_kept_on_the_current_due_and_broken_on_the_original() -> None:
    #  12:00      12:30             12:40      12:50   13:00
    #  promised   we say 13:00      due        ready   due now
    story = STORY.amended("ready", "12:30", due="13:00", by="us").reached("ready", "12:50")

    assert story.ruling("13:30", basis="original") == "broken / late"
    assert story.ruling("13:30", basis="current") == "kept / on_time"
    judged = story.promise("13:30")[1]
    assert (judged.original.lateness, judged.current.lateness) == (10 * 60_000, -10 * 60_000)


def test_more_time_that_the_customer_asked_for_before_due_is_excused_on_both() -> None:
    story = STORY.amended("ready", "12:30", due="13:00", by="customer")

    assert story.ruling("12:59") == "open / pending"
    assert story.reached("ready", "12:50").ruling("13:30") == "kept / on_time"
    assert story.ruling("13:30") == "broken / undelivered"


def test_a_breach_is_not_undone_by_asking_afterwards() -> None:
    #  12:00      12:40   12:45                     12:50
    #  promised   due     the customer says 13:00   ready
    story = STORY.amended("ready", "12:45", due="13:00", by="customer").reached("ready", "12:50")

    assert story.ruling("12:44", basis="current") == "broken / undelivered"
    assert story.ruling("12:46", basis="original") == "broken / undelivered"
    assert story.ruling("12:46", basis="current") == "open / pending"
    assert story.ruling("13:30", basis="original") == "broken / late"
    assert story.ruling("13:30", basis="current") == "kept / on_time"


@pytest.mark.parametrize(("asked", "original"), [("12:42", "kept / on_time"), ("12:42:00.001", "broken / late")])
def test_the_customer_asks_in_time_as_long_as_the_promise_could_still_be_kept(asked: str, original: str) -> None:
    story = STORY.amended("ready", asked, due="13:00", by="customer").reached("ready", "12:55")

    assert story.ruling("13:30", LENIENT, "original") == original


def test_a_wish_between_the_original_due_and_a_later_one_of_ours_comes_too_late_for_the_original() -> None:
    story = STORY.amended("ready", "12:30", due="13:00", by="us").amended("ready", "12:50", due="13:20", by="customer")

    assert story.ruling("12:51", basis="original") == "broken / undelivered"
    assert story.reached("ready", "13:10").ruling("13:30", basis="current") == "kept / on_time"


def test_a_wish_in_time_excuses_also_what_we_had_put_off_before() -> None:
    story = STORY.amended("ready", "12:20", due="13:00", by="us").amended("ready", "12:30", due="13:20", by="customer")

    assert story.reached("ready", "13:15").ruling("13:30") == "kept / on_time"


def test_what_we_put_off_after_the_customer_did_counts_from_the_customers_due() -> None:
    story = STORY.amended("ready", "12:20", due="13:00", by="customer").amended("ready", "12:30", due="13:20", by="us")
    judged = story.promise("12:31")[1]

    assert (judged.original.due, judged.current.due) == (at("13:00"), at("13:20"))


def test_an_earlier_due_binds_the_current_basis_too() -> None:
    story = STORY.amended("ready", "12:10", due="12:20", by="us").reached("ready", "12:30")

    assert story.ruling("13:00", basis="original") == "kept / on_time"
    assert story.ruling("13:00", basis="current") == "broken / late"


def test_promising_again_is_another_due_by_us() -> None:
    story = STORY.promised("ready", due="13:00", time="12:30", origin="spoken").reached("ready", "12:50")
    promise, judged = story.promise("13:30")

    assert (promise.origin, promise.made_at) == ("written", at("12:00"))
    assert (judged.original.ruling.reason, judged.current.ruling.reason) == ("late", "on_time")


@pytest.mark.parametrize(("said_at", "original"), [("12:15", "kept / on_time"), ("12:15:00.001", "broken / late")])
def test_promising_outright_does_not_undo_the_breach_of_an_assumed_promise(said_at: str, original: str) -> None:
    #  12:00     12:15         12:20 or so       12:30
    #  ordered   assumed due   we say 12:40      ready
    policies = policies_of('[[policy]]\nkind = "ready"\nassumed = { starts_with = "ordered", within = "15m" }\n')
    story = order("o1").ordered("12:00").promised("ready", due="12:40", time=said_at).reached("ready", "12:30")

    assert story.ruling("13:00", policies, "original") == original
    assert story.ruling("13:00", policies, "current") == "kept / on_time"
    assert story.undone("ordered", "12:45").ruling("13:00", policies, "current") == "kept / on_time"


def test_of_several_dues_of_ours_the_first_and_the_last_count() -> None:
    story = STORY.amended("ready", "12:10", due="12:20", by="us").amended("ready", "12:15", due="13:00", by="us")
    judged = story.promise("12:16")[1]

    assert (judged.original.due, judged.current.due) == (at("12:40"), at("13:00"))


def test_what_was_delivered_is_not_judged_by_a_due_named_later() -> None:
    story = STORY.reached("ready", "12:41").amended("ready", "12:45", due="13:00", by="us")

    assert story.ruling("13:30") == "broken / late"


def test_what_was_cancelled_is_not_promised_again() -> None:
    story = STORY.cancelled("12:10", by="us").amended("ready", "12:20", due="13:00", by="customer")

    assert story.ruling("13:30") == "broken / cancelled_by_us"
    assert story.promise("13:30")[1].current.due == at("12:40")


def test_a_due_for_what_was_never_promised_changes_nothing() -> None:
    story = STORY.amended("ready", "12:10", due="13:00", by="us", ordinal=2)
    story = story.amended("ready", "12:10", due="13:00", by="us", subject="bag")

    assert story.promise("12:20")[1].current.due == at("12:40")
