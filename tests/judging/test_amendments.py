"""Amendments: the current basis follows every one, the original basis only a request of the customer in time."""

from __future__ import annotations

import pytest

from tests.histories import at, order, policies_of

STORY = order("o1").ordered("12:00").promised("ready", due="12:40")
LENIENT = policies_of('[[policy]]\nkind = "ready"\ngrace = "2m"\n')


def test_a_later_due_by_us_moves_only_the_current_basis() -> None:
    #  12:00      12:30             12:40      12:50   13:00
    #  promised   we say 13:00      due        ready   due now
    story = STORY.amended("ready", "12:30", due="13:00", by="us").reached("ready", "12:50")

    assert story.ruling("13:30", basis="original") == "broken / late"
    assert story.ruling("13:30", basis="current") == "kept / on_time"
    judged = story.promise("13:30")[1]
    assert (judged.original.lateness, judged.current.lateness) == (10 * 60_000, -10 * 60_000)


def test_a_later_due_by_the_customer_in_time_moves_both_bases() -> None:
    story = STORY.amended("ready", "12:30", due="13:00", by="customer")

    assert story.ruling("12:59") == "open / pending"
    assert story.reached("ready", "12:50").ruling("13:30") == "kept / on_time"
    assert story.ruling("13:30") == "broken / undelivered"


def test_a_later_due_after_the_breach_does_not_undo_it() -> None:
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


def test_a_request_after_the_original_due_but_before_ours_moves_only_the_current_basis() -> None:
    story = STORY.amended("ready", "12:30", due="13:00", by="us").amended("ready", "12:50", due="13:20", by="customer")

    assert story.ruling("12:51", basis="original") == "broken / undelivered"
    assert story.reached("ready", "13:10").ruling("13:30", basis="current") == "kept / on_time"


def test_a_request_in_time_also_replaces_our_earlier_amendment() -> None:
    story = STORY.amended("ready", "12:20", due="13:00", by="us").amended("ready", "12:30", due="13:20", by="customer")

    assert story.reached("ready", "13:15").ruling("13:30") == "kept / on_time"


def test_our_amendment_after_the_customers_leaves_the_customers_due_as_the_original() -> None:
    story = STORY.amended("ready", "12:20", due="13:00", by="customer").amended("ready", "12:30", due="13:20", by="us")
    judged = story.promise("12:31")[1]

    assert (judged.original.due, judged.current.due) == (at("13:00"), at("13:20"))


def test_an_earlier_due_counts_on_the_current_basis() -> None:
    story = STORY.amended("ready", "12:10", due="12:20", by="us").reached("ready", "12:30")

    assert story.ruling("13:00", basis="original") == "kept / on_time"
    assert story.ruling("13:00", basis="current") == "broken / late"


def test_promising_again_is_an_amendment_by_us() -> None:
    story = STORY.promised("ready", due="13:00", time="12:30", origin="spoken").reached("ready", "12:50")
    promise, judged = story.promise("13:30")

    assert (promise.origin, promise.made_at) == ("written", at("12:00"))
    assert (judged.original.ruling.reason, judged.current.ruling.reason) == ("late", "on_time")


@pytest.mark.parametrize(("said_at", "original"), [("12:15", "kept / on_time"), ("12:15:00.001", "broken / late")])
def test_a_given_promise_does_not_undo_the_breach_of_an_assumed_one(said_at: str, original: str) -> None:
    #  12:00     12:15         12:20 or so       12:30
    #  ordered   assumed due   we say 12:40      ready
    policies = policies_of('[[policy]]\nkind = "ready"\nassumed = { starts_with = "ordered", within = "15m" }\n')
    story = order("o1").ordered("12:00").promised("ready", due="12:40", time=said_at).reached("ready", "12:30")

    assert story.ruling("13:00", policies, "original") == original
    assert story.ruling("13:00", policies, "current") == "kept / on_time"
    assert story.undone("ordered", "12:45").ruling("13:00", policies, "current") == "kept / on_time"


def test_of_several_amendments_by_us_only_the_last_counts() -> None:
    story = STORY.amended("ready", "12:10", due="12:20", by="us").amended("ready", "12:15", due="13:00", by="us")
    judged = story.promise("12:16")[1]

    assert (judged.original.due, judged.current.due) == (at("12:40"), at("13:00"))


def test_a_delivered_promise_cannot_be_amended() -> None:
    story = STORY.reached("ready", "12:41").amended("ready", "12:45", due="13:00", by="us")

    assert story.ruling("13:30") == "broken / late"


def test_a_cancelled_promise_cannot_be_amended() -> None:
    story = STORY.cancelled("12:10", by="us").amended("ready", "12:20", due="13:00", by="customer")

    assert story.ruling("13:30") == "broken / cancelled_by_us"
    assert story.promise("13:30")[1].current.due == at("12:40")


def test_amending_an_unknown_promise_changes_nothing() -> None:
    story = STORY.amended("ready", "12:10", due="13:00", by="us", ordinal=2)
    story = story.amended("ready", "12:10", due="13:00", by="us", subject="bag")

    assert story.promise("12:20")[1].current.due == at("12:40")
