"""Who answers for a promise: whoever had it in hand when it was decided."""

from __future__ import annotations

from schemas.words import Basis
from tests.histories import READY, Story, order

STORY = order("o1").promised("ready", due="12:40", time="12:00")


def answers(story: Story, now: str = "13:00", basis: Basis = "current", **key: str) -> str:
    judged = story.promise(now, READY, **key)[1]
    return (judged.current if basis == "current" else judged.original).staff


def test_who_had_it_in_hand_at_the_delivery_answers_for_it() -> None:
    story = STORY.taken_by("anna", "12:01").taken_by("ben", "12:10").reached("ready", "12:30")
    story = story.taken_by("carla", "12:35")

    assert answers(story) == "ben"


def test_who_had_it_in_hand_at_due_answers_for_what_came_late() -> None:
    #  12:01   12:40   12:45            12:50
    #  anna    due     ben takes over   ready
    story = STORY.taken_by("anna", "12:01").taken_by("ben", "12:45").reached("ready", "12:50")

    assert answers(story) == "anna"
    assert answers(story, "12:41") == "anna"


def test_whoever_takes_over_at_the_last_moment_has_it_in_hand() -> None:
    assert answers(STORY.taken_by("anna", "12:01").taken_by("ben", "12:40")) == "ben"
    assert answers(STORY.taken_by("anna", "12:01").taken_by("ben", "12:40:00.001")) == "anna"


def test_each_basis_asks_at_its_own_due() -> None:
    story = STORY.taken_by("anna", "12:01").amended("ready", "12:20", due="13:00", by="us").taken_by("ben", "12:50")

    assert answers(story, "13:30", "original") == "anna"
    assert answers(story, "13:30", "current") == "ben"


def test_while_it_is_open_whoever_has_it_now_answers() -> None:
    story = STORY.taken_by("anna", "12:01").taken_by("ben", "12:10")

    assert (answers(story, "12:09"), answers(story, "12:10")) == ("anna", "ben")


def test_a_promise_or_a_step_that_names_staff_says_who_has_it_in_hand() -> None:
    assert answers(order("o1").promised("ready", due="12:40", time="12:00", staff="anna")) == "anna"
    assert answers(STORY.taken_by("anna", "12:01").reached("ready", "12:30", staff="ben")) == "ben"


def test_a_hold_does_not_change_hands() -> None:
    story = STORY.taken_by("anna", "12:01").held("payment", "12:02", caused_by="customer", staff="ben")

    assert answers(story.released("payment", "12:05", staff="ben")) == "anna"


def test_if_nobody_had_it_in_hand_the_first_one_known_later_answers() -> None:
    story = STORY.reached("ready", "12:30").taken_by("anna", "12:35").taken_by("ben", "12:36")

    assert answers(story, "12:31") == ""
    assert answers(story) == "anna"


def test_nobody_answers_where_nobody_was_ever_named() -> None:
    assert answers(STORY) == ""


def test_who_cancelled_it_answers_no_more_than_who_had_it_then() -> None:
    story = STORY.taken_by("anna", "12:01").cancelled("12:10", by="us").taken_by("ben", "12:20")

    assert answers(story) == "anna"


def test_one_bag_is_in_the_hands_of_who_took_it_or_the_whole_order() -> None:
    story = order("o1").about("bag").promised("ready", due="12:40", time="12:00")
    story = story.about("cake").promised("ready", due="12:40", time="12:00").about("")
    whole = story.taken_by("anna", "12:01")
    split = whole.about("bag").taken_by("ben", "12:02")

    assert answers(whole, subject="bag") == answers(whole, subject="cake") == "anna"
    assert (answers(split, subject="bag"), answers(split, subject="cake")) == ("ben", "anna")
    assert answers(split.about("").taken_by("carla", "12:03"), subject="bag") == "carla"


def test_the_whole_order_is_not_in_the_hands_of_who_took_one_bag() -> None:
    assert answers(STORY.about("bag").taken_by("ben", "12:02")) == ""


def test_a_promise_belongs_to_the_shop_it_names_or_the_first_that_the_case_does() -> None:
    named = order("o1").promised("ready", due="12:40", time="12:00", at="harbour").ordered("12:05", at="downtown")
    unnamed = STORY.ordered("12:05", at="downtown").reached("ready", "12:30", at="harbour")

    assert named.promise("13:00")[1].location == "harbour"
    assert (unnamed.promise("12:04")[1].location, unnamed.promise("13:00")[1].location) == ("", "downtown")
