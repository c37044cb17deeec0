"""Corrections: an event was wrong. The verdict follows as a numbered revision; what was said before had its reasons."""

from __future__ import annotations

from schemas.instants import Instant
from streams.judging.admission import admit
from streams.judging.case import Case, Judged, PromiseKey
from streams.judging.settle import add_fact, settle
from tests.histories import READY, Story, at, order, policies_of

PROMISED = order("o1").promised("ready", due="12:40", time="12:00")
LATE = PROMISED.reached("ready", "12:45")
KEPT = PROMISED.reached("ready", "12:35")
RIGHT = order("o1").reached("ready", "12:39")


def revisions(story: Story) -> list[tuple[int, str]]:
    """The numbered verdicts on the one promise, as the events of the story are told at their time."""
    case, found, now = Case(), [], 0
    for event in story.events:
        fact = admit(event, READY)
        now = max(now, fact.at)
        add_fact(case, fact, READY, now)
        found += _published(case, now)
    return found


def _published(case: Case, now: Instant) -> list[tuple[int, str]]:
    return [
        (change.after.revision, "retracted" if change.after.retracted else " / ".join(change.after.current.ruling))
        for change in settle(case, READY, now)
        if change.after.revision >= 0
    ]


def test_a_wrong_time_is_corrected() -> None:
    #  12:39           12:45          13:00
    #  truly ready     bumped: late   corrected to 12:39
    story = LATE.corrected("e2", "13:00", RIGHT)

    assert story.ruling("12:59") == "broken / late"
    assert story.ruling("13:00") == "kept / on_time"
    assert revisions(story) == [(0, "broken / late"), (1, "kept / on_time")]


def test_an_event_that_never_happened_leaves_the_promise_as_it_was_without_it() -> None:
    story = KEPT.denied("e2", "13:00")

    assert story.ruling("12:59") == "kept / on_time"
    assert story.ruling("13:00") == "broken / undelivered"
    assert revisions(story) == [(0, "kept / on_time"), (1, "broken / undelivered")]


def test_a_correction_may_arrive_before_what_it_corrects() -> None:
    case = Case()
    denied_first = [PROMISED.events[0], KEPT.denied("e2", "12:38").events[2], KEPT.events[1]]
    for event in denied_first:
        add_fact(case, admit(event, READY), READY, at("12:39"))

    settle(case, READY, at("12:39"))
    assert case.judged[PromiseKey("", "ready", 1)].current.ruling == ("open", "pending")


def test_a_correction_of_an_event_that_never_comes_stands_for_it() -> None:
    story = PROMISED.corrected("lost", "13:00", RIGHT)

    assert story.ruling("13:00") == "kept / on_time"


def test_of_several_corrections_the_last_made_stands() -> None:
    story = LATE.corrected("e2", "13:00", RIGHT).denied("e2", "13:10").corrected("e2", "13:20", RIGHT)

    assert [story.ruling(now) for now in ("12:59", "13:09", "13:19", "13:29")] == [
        "broken / late",
        "kept / on_time",
        "broken / undelivered",
        "kept / on_time",
    ]


def test_a_correction_that_was_itself_wrong_is_taken_back() -> None:
    story = LATE.corrected("e2", "13:00", RIGHT).denied("e3", "13:10")

    assert story.ruling("13:09") == "kept / on_time"
    assert story.ruling("13:10") == "broken / late"
    assert story.denied("e4", "13:20").ruling("13:20") == "kept / on_time"


def test_a_correction_taken_back_leaves_the_one_before_it() -> None:
    story = LATE.corrected("e2", "13:00", RIGHT).denied("e2", "13:10").denied("e4", "13:20")

    assert story.ruling("13:19") == "broken / undelivered"
    assert story.ruling("13:20") == "kept / on_time"


def test_a_due_that_was_mistyped_is_corrected_as_if_it_had_been_right_from_the_start() -> None:
    story = LATE.corrected("e1", "13:00", order("o1").promised("ready", due="12:50", time="12:00"))
    judged = story.promise("13:00")[1]

    assert story.ruling("13:00") == "kept / on_time"
    assert (judged.original.due, judged.current.due) == (at("12:50"), at("12:50"))


def test_a_promise_that_was_never_made_is_gone_and_its_number_is_not_used_again() -> None:
    story = LATE.denied("e1", "13:00").denied("e3", "13:10")

    assert story.judgement("13:00").promises == ()
    assert revisions(story) == [(0, "broken / late"), (1, "retracted"), (2, "broken / late")]


def test_a_promise_that_was_never_made_and_never_judged_goes_without_a_word() -> None:
    assert revisions(PROMISED.denied("e1", "12:10")) == []


def test_the_judgement_that_is_taken_back_is_remembered() -> None:
    case = Case()
    for event in LATE.denied("e1", "13:00").events:
        add_fact(case, admit(event, READY), READY, at("13:00"))
        settle(case, READY, at("13:00"))

    judged: Judged = case.judged[PromiseKey("", "ready", 1)]
    assert (judged.retracted, judged.current.ruling) == (True, ("broken", "late"))
    assert settle(case, READY, at("14:00")) == []


def test_a_cancellation_of_the_wrong_order_is_taken_back() -> None:
    story = PROMISED.cancelled("12:10", by="customer").denied("e2", "12:20")

    assert story.ruling("12:19") == "excluded / cancelled_by_customer"
    assert story.ruling("12:20") == "open / pending"


def test_an_order_that_was_never_placed_takes_its_assumed_promise_with_it() -> None:
    policies = policies_of('[[policy]]\nkind = "ready"\nassumed = { starts_with = "ordered", within = "15m" }\n')
    story = order("o1").ordered("12:00").denied("e1", "12:10")

    assert story.ruling("12:09", policies) == "open / pending"
    assert story.judgement("12:10", policies).promises == ()


def test_a_promise_said_by_mistake_leaves_the_assumed_one_standing() -> None:
    policies = policies_of('[[policy]]\nkind = "ready"\nassumed = { starts_with = "ordered", within = "15m" }\n')
    story = order("o1").ordered("12:00").promised("ready", due="12:40").denied("e2", "12:10")

    assert story.promise("12:09", policies)[1].current.due == at("12:40")
    assert story.promise("12:10", policies)[1].current.due == at("12:15")


def test_a_correction_to_a_later_hour_counts_when_that_hour_has_come() -> None:
    story = KEPT.corrected("e2", "12:36", order("o1").reached("ready", "12:38"))
    judgement = story.judgement("12:37")

    assert story.ruling("12:37") == "open / pending"
    assert judgement.wake_at == at("12:38")
    assert story.ruling("12:38") == "kept / on_time"


def test_the_wrong_shop_and_the_wrong_hands_are_corrected_too() -> None:
    story = order("o1").promised("ready", due="12:40", time="12:00", at="downtown", staff="anna")
    story = story.reached("ready", "12:30")
    right = order("o1").promised("ready", due="12:40", time="12:00", at="harbour", staff="ben")
    judged = story.corrected("e1", "13:00", right).promise("13:00")[1]

    assert (judged.location, judged.current.staff) == ("harbour", "ben")


def test_what_the_correction_itself_says_of_shop_and_staff_is_not_taken_for_the_event() -> None:
    story = LATE.corrected("e2", "13:00", RIGHT, at="head-office", staff="carla")
    judged = story.promise("13:00")[1]

    assert (judged.location, judged.current.staff) == ("", "")


def test_a_correction_is_taken_back_even_by_a_till_whose_clock_is_behind() -> None:
    story = LATE.corrected("e2", "12:50", RIGHT).denied("e3", "12:49")

    assert story.ruling("13:00") == "broken / late"


def arriving(story: Story, now: str) -> str:
    """The judgement of a case that learns the events in the order of telling, all of them at `now`."""
    case = Case()
    for event in story.events:
        add_fact(case, admit(event, READY), READY, at(now))
    settle(case, READY, at(now))
    return " / ".join(case.judged[PromiseKey("", "ready", 1)].current.ruling)


def test_a_denial_that_is_older_than_what_it_denies_and_came_first_still_denies_it() -> None:
    story = PROMISED.denied("bump", "12:30").reached("ready", "12:35", id="bump")

    assert arriving(story, "13:00") == story.ruling("13:00") == "broken / undelivered"


def test_what_happened_before_the_corrected_hour_comes_before_it_though_it_was_learned_after() -> None:
    #  12:20          12:30                        12:40      12:50
    #  bumped ready   corrected: ready at 12:50    recalled   truly ready
    story = PROMISED.reached("ready", "12:20").corrected("e2", "12:30", order("o1").reached("ready", "12:50"))
    story = story.undone("ready", "12:40")

    assert arriving(story, "13:00") == story.ruling("13:00") == "broken / late"
