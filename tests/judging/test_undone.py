"""Undone steps, such as an order that was marked as ready too early."""

from __future__ import annotations

from tests.histories import at, order, policies_of

STORY = order("o1").promised("ready", due="12:40", time="12:00")
ASSUMED = policies_of('[[policy]]\nkind = "ready"\nassumed = { starts_with = "ordered", within = "15m" }\n')
EITHER = policies_of('[[policy]]\nkind = "ready"\nkept_by = ["ready", "picked_up"]\n')


def test_an_undone_delivery_leaves_the_promise_open_with_the_same_due() -> None:
    #  12:00      12:20   12:22      12:40
    #  promised   ready   recalled   due
    recalled = STORY.reached("ready", "12:20").undone("ready", "12:22")

    assert recalled.ruling("12:21") == "kept / on_time"
    assert recalled.ruling("12:22") == "open / pending"
    assert recalled.ruling("12:41") == "broken / undelivered"
    assert recalled.promise("12:30")[1].original.due == at("12:40")
    assert recalled.promise("12:30")[1].original.lateness is None


def test_after_an_undone_step_the_next_one_counts() -> None:
    again = STORY.reached("ready", "12:20").undone("ready", "12:22")

    assert again.reached("ready", "12:39").ruling("13:00") == "kept / on_time"
    assert again.reached("ready", "12:41").ruling("13:00") == "broken / late"


def test_without_an_undone_step_the_first_one_counts() -> None:
    story = STORY.reached("ready", "12:20").reached("ready", "12:50")

    assert story.ruling("13:00") == "kept / on_time"
    assert story.promise("13:00")[1].original.lateness == -20 * 60_000


def test_undoing_a_step_that_was_not_reached_changes_nothing() -> None:
    story = STORY.undone("ready", "12:10")

    assert story.ruling("12:20") == "open / pending"
    assert story.reached("ready", "12:30").ruling("13:00") == "kept / on_time"


def test_undoing_a_step_of_one_subject_leaves_the_other() -> None:
    story = order("o1").about("bag").promised("ready", due="12:40", time="12:00").reached("ready", "12:20")
    story = story.about("cake").promised("ready", due="12:40").reached("ready", "12:20").undone("ready", "12:30")

    assert story.ruling("13:00", subject="bag") == "kept / on_time"
    assert story.ruling("13:00", subject="cake") == "broken / undelivered"


def test_if_two_steps_keep_a_promise_the_other_one_still_counts() -> None:
    story = STORY.reached("ready", "12:20").reached("picked_up", "12:45").undone("ready", "12:50")

    assert story.ruling("12:49", EITHER) == "kept / on_time"
    assert story.ruling("13:00", EITHER) == "broken / late"


def test_a_delivery_undone_after_the_order_was_cancelled_leaves_it_cancelled() -> None:
    story = STORY.reached("ready", "12:20").cancelled("12:30", by="us").undone("ready", "12:35")

    assert story.ruling("12:34") == "kept / on_time"
    assert story.ruling("12:35") == "broken / cancelled_by_us"


def test_an_assumed_promise_is_removed_with_the_step_that_started_it() -> None:
    story = order("o1").ordered("12:00").undone("ordered", "12:02")

    assert len(story.judgement("12:01", ASSUMED).promises) == 1
    assert story.judgement("12:02", ASSUMED).promises == ()


def test_reaching_the_step_again_starts_a_new_assumed_promise() -> None:
    story = order("o1").ordered("12:00").undone("ordered", "12:02").ordered("12:10")

    assert story.promise("12:12", ASSUMED)[1].original.due == at("12:25")


def test_a_given_promise_outlives_an_undone_order() -> None:
    story = order("o1").ordered("12:00").promised("ready", due="12:40").undone("ordered", "12:02")

    assert story.ruling("12:10", ASSUMED) == "open / pending"


def test_undoing_the_order_of_one_subject_keeps_the_assumed_promise_of_the_other() -> None:
    story = order("o1").about("bag").ordered("12:00").about("cake").ordered("12:00").undone("ordered", "12:02")

    assert [promise.key.subject for promise, _ in story.judgement("12:10", ASSUMED).promises] == ["bag"]
