"""A step taken back: the bump that was pressed too early, the parcel that was not delivered after all."""

from __future__ import annotations

from tests.histories import at, order, policies_of

STORY = order("o1").promised("ready", due="12:40", time="12:00")
ASSUMED = policies_of('[[policy]]\nkind = "ready"\nassumed = { starts_with = "ordered", within = "15m" }\n')
EITHER = policies_of('[[policy]]\nkind = "ready"\nkept_by = ["ready", "picked_up"]\n')


def test_what_was_recalled_is_open_again_under_the_same_due() -> None:
    #  12:00      12:20   12:22      12:40
    #  promised   ready   recalled   due
    recalled = STORY.reached("ready", "12:20").undone("ready", "12:22")

    assert recalled.ruling("12:21") == "kept / on_time"
    assert recalled.ruling("12:22") == "open / pending"
    assert recalled.ruling("12:41") == "broken / undelivered"
    assert recalled.promise("12:30")[1].original.due == at("12:40")
    assert recalled.promise("12:30")[1].original.lateness is None


def test_the_last_time_it_became_ready_counts_after_a_recall() -> None:
    again = STORY.reached("ready", "12:20").undone("ready", "12:22")

    assert again.reached("ready", "12:39").ruling("13:00") == "kept / on_time"
    assert again.reached("ready", "12:41").ruling("13:00") == "broken / late"


def test_without_a_recall_the_first_time_counts() -> None:
    story = STORY.reached("ready", "12:20").reached("ready", "12:50")

    assert story.ruling("13:00") == "kept / on_time"
    assert story.promise("13:00")[1].original.lateness == -20 * 60_000


def test_a_recall_of_what_was_never_ready_changes_nothing() -> None:
    story = STORY.undone("ready", "12:10")

    assert story.ruling("12:20") == "open / pending"
    assert story.reached("ready", "12:30").ruling("13:00") == "kept / on_time"


def test_a_recall_of_one_bag_leaves_the_other() -> None:
    story = order("o1").about("bag").promised("ready", due="12:40", time="12:00").reached("ready", "12:20")
    story = story.about("cake").promised("ready", due="12:40").reached("ready", "12:20").undone("ready", "12:30")

    assert story.ruling("13:00", subject="bag") == "kept / on_time"
    assert story.ruling("13:00", subject="cake") == "broken / undelivered"


def test_where_two_steps_keep_a_promise_the_other_one_stands_when_one_is_undone() -> None:
    story = STORY.reached("ready", "12:20").reached("picked_up", "12:45").undone("ready", "12:50")

    assert story.ruling("12:49", EITHER) == "kept / on_time"
    assert story.ruling("13:00", EITHER) == "broken / late"


def test_a_delivery_undone_after_the_order_was_cancelled_leaves_it_cancelled() -> None:
    story = STORY.reached("ready", "12:20").cancelled("12:30", by="us").undone("ready", "12:35")

    assert story.ruling("12:34") == "kept / on_time"
    assert story.ruling("12:35") == "broken / cancelled_by_us"


def test_an_assumed_promise_falls_with_the_step_that_started_it() -> None:
    story = order("o1").ordered("12:00").undone("ordered", "12:02")

    assert len(story.judgement("12:01", ASSUMED).promises) == 1
    assert story.judgement("12:02", ASSUMED).promises == ()


def test_ordered_again_it_is_assumed_anew_from_then() -> None:
    story = order("o1").ordered("12:00").undone("ordered", "12:02").ordered("12:10")

    assert story.promise("12:12", ASSUMED)[1].original.due == at("12:25")


def test_what_was_said_outright_does_not_fall_with_the_order() -> None:
    story = order("o1").ordered("12:00").promised("ready", due="12:40").undone("ordered", "12:02")

    assert story.ruling("12:10", ASSUMED) == "open / pending"


def test_an_order_undone_for_one_bag_keeps_what_is_assumed_of_the_other() -> None:
    story = order("o1").about("bag").ordered("12:00").about("cake").ordered("12:00").undone("ordered", "12:02")

    assert [promise.key.subject for promise, _ in story.judgement("12:10", ASSUMED).promises] == ["bag"]
