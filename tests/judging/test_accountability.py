"""The accountable staff member: the one assigned when the promise was decided."""

from __future__ import annotations

from schemas.words import Basis
from tests.histories import READY, Story, order

STORY = order("o1").promised("ready", due="12:40", time="12:00")


def staff_of(story: Story, now: str = "13:00", basis: Basis = "current", **key: str) -> str:
    judged = story.promise(now, READY, **key)[1]
    return (judged.current if basis == "current" else judged.original).staff


def test_the_staff_assigned_at_the_delivery_is_accountable() -> None:
    story = STORY.taken_by("anna", "12:01").taken_by("ben", "12:10").reached("ready", "12:30")
    story = story.taken_by("carla", "12:35")

    assert staff_of(story) == "ben"


def test_the_staff_assigned_at_the_due_is_accountable_for_a_late_delivery() -> None:
    #  12:01   12:40   12:45            12:50
    #  anna    due     ben takes over   ready
    story = STORY.taken_by("anna", "12:01").taken_by("ben", "12:45").reached("ready", "12:50")

    assert staff_of(story) == "anna"
    assert staff_of(story, "12:41") == "anna"


def test_an_assignment_at_the_due_itself_counts() -> None:
    assert staff_of(STORY.taken_by("anna", "12:01").taken_by("ben", "12:40")) == "ben"
    assert staff_of(STORY.taken_by("anna", "12:01").taken_by("ben", "12:40:00.001")) == "anna"


def test_each_basis_looks_at_its_own_due() -> None:
    story = STORY.taken_by("anna", "12:01").amended("ready", "12:20", due="13:00", by="us").taken_by("ben", "12:50")

    assert staff_of(story, "13:30", "original") == "anna"
    assert staff_of(story, "13:30", "current") == "ben"


def test_the_staff_assigned_now_is_accountable_for_an_open_promise() -> None:
    story = STORY.taken_by("anna", "12:01").taken_by("ben", "12:10")

    assert (staff_of(story, "12:09"), staff_of(story, "12:10")) == ("anna", "ben")


def test_a_promise_or_a_step_that_names_staff_is_an_assignment() -> None:
    assert staff_of(order("o1").promised("ready", due="12:40", time="12:00", staff="anna")) == "anna"
    assert staff_of(STORY.taken_by("anna", "12:01").reached("ready", "12:30", staff="ben")) == "ben"


def test_a_hold_is_not_an_assignment() -> None:
    story = STORY.taken_by("anna", "12:01").held("payment", "12:02", caused_by="customer", staff="ben")

    assert staff_of(story.released("payment", "12:05", staff="ben")) == "anna"


def test_before_any_assignment_the_first_later_one_counts() -> None:
    story = STORY.reached("ready", "12:30").taken_by("anna", "12:35").taken_by("ben", "12:36")

    assert staff_of(story, "12:31") == ""
    assert staff_of(story) == "anna"


def test_without_any_assignment_no_staff_is_accountable() -> None:
    assert staff_of(STORY) == ""


def test_the_staff_assigned_at_the_cancellation_is_accountable() -> None:
    story = STORY.taken_by("anna", "12:01").cancelled("12:10", by="us").taken_by("ben", "12:20")

    assert staff_of(story) == "anna"


def test_a_subject_follows_its_own_assignments_and_those_of_the_whole_case() -> None:
    story = order("o1").about("bag").promised("ready", due="12:40", time="12:00")
    story = story.about("cake").promised("ready", due="12:40", time="12:00").about("")
    whole = story.taken_by("anna", "12:01")
    split = whole.about("bag").taken_by("ben", "12:02")

    assert staff_of(whole, subject="bag") == staff_of(whole, subject="cake") == "anna"
    assert (staff_of(split, subject="bag"), staff_of(split, subject="cake")) == ("ben", "anna")
    assert staff_of(split.about("").taken_by("carla", "12:03"), subject="bag") == "carla"


def test_an_assignment_of_a_subject_does_not_count_for_the_whole_case() -> None:
    assert staff_of(STORY.about("bag").taken_by("ben", "12:02")) == ""


def test_a_promise_has_the_location_that_it_names_or_else_the_first_of_the_case() -> None:
    named = order("o1").promised("ready", due="12:40", time="12:00", at="harbour").ordered("12:05", at="downtown")
    unnamed = STORY.ordered("12:05", at="downtown").reached("ready", "12:30", at="harbour")

    assert named.promise("13:00")[1].location == "harbour"
    assert (unnamed.promise("12:04")[1].location, unnamed.promise("13:00")[1].location) == ("", "downtown")
