"""Corrections: an event was wrong, and the verdict changes with a numbered revision."""

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
    """Return the numbered verdicts on the only promise, with each event of the story added at its instant."""
    case, revised, now = Case(), [], 0
    for event in story.events:
        fact = admit(event, READY)
        now = max(now, fact.at)
        add_fact(case, fact, READY, now)
        revised += _published(case, now)
    return revised


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


def test_denying_an_event_removes_its_effect() -> None:
    story = KEPT.denied("e2", "13:00")

    assert story.ruling("12:59") == "kept / on_time"
    assert story.ruling("13:00") == "broken / undelivered"
    assert revisions(story) == [(0, "kept / on_time"), (1, "broken / undelivered")]


def test_a_correction_may_arrive_before_the_corrected_event() -> None:
    case = Case()
    denied_first = [PROMISED.events[0], KEPT.denied("e2", "12:38").events[2], KEPT.events[1]]
    for event in denied_first:
        add_fact(case, admit(event, READY), READY, at("12:39"))

    settle(case, READY, at("12:39"))
    assert case.judged[PromiseKey("", "ready", 1)].current.ruling == ("open", "pending")


def test_a_correction_of_an_unknown_event_counts_as_that_event() -> None:
    story = PROMISED.corrected("lost", "13:00", RIGHT)

    assert story.ruling("13:00") == "kept / on_time"


def test_of_several_corrections_the_last_one_counts() -> None:
    story = LATE.corrected("e2", "13:00", RIGHT).denied("e2", "13:10").corrected("e2", "13:20", RIGHT)

    assert [story.ruling(now) for now in ("12:59", "13:09", "13:19", "13:29")] == [
        "broken / late",
        "kept / on_time",
        "broken / undelivered",
        "kept / on_time",
    ]


def test_a_correction_can_itself_be_corrected() -> None:
    story = LATE.corrected("e2", "13:00", RIGHT).denied("e3", "13:10")

    assert story.ruling("13:09") == "kept / on_time"
    assert story.ruling("13:10") == "broken / late"
    assert story.denied("e4", "13:20").ruling("13:20") == "kept / on_time"


def test_denying_a_correction_leaves_the_one_before_it() -> None:
    story = LATE.corrected("e2", "13:00", RIGHT).denied("e2", "13:10").denied("e4", "13:20")

    assert story.ruling("13:19") == "broken / undelivered"
    assert story.ruling("13:20") == "kept / on_time"


def test_a_corrected_due_counts_from_the_start() -> None:
    story = LATE.corrected("e1", "13:00", order("o1").promised("ready", due="12:50", time="12:00"))
    judged = story.promise("13:00")[1]

    assert story.ruling("13:00") == "kept / on_time"
    assert (judged.original.due, judged.current.due) == (at("12:50"), at("12:50"))


def test_a_denied_promise_is_retracted_and_its_revision_is_not_used_again() -> None:
    story = LATE.denied("e1", "13:00").denied("e3", "13:10")

    assert story.judgement("13:00").promises == ()
    assert revisions(story) == [(0, "broken / late"), (1, "retracted"), (2, "broken / late")]


def test_a_denied_promise_without_a_verdict_is_removed_silently() -> None:
    assert revisions(PROMISED.denied("e1", "12:10")) == []


def test_a_retracted_judgement_stays_in_the_case() -> None:
    case = Case()
    for event in LATE.denied("e1", "13:00").events:
        add_fact(case, admit(event, READY), READY, at("13:00"))
        settle(case, READY, at("13:00"))

    judged: Judged = case.judged[PromiseKey("", "ready", 1)]
    assert (judged.retracted, judged.current.ruling) == (True, ("broken", "late"))
    assert settle(case, READY, at("14:00")) == []


def test_a_cancellation_can_be_denied() -> None:
    story = PROMISED.cancelled("12:10", by="customer").denied("e2", "12:20")

    assert story.ruling("12:19") == "excluded / cancelled_by_customer"
    assert story.ruling("12:20") == "open / pending"


def test_denying_an_order_removes_its_assumed_promise() -> None:
    policies = policies_of('[[policy]]\nkind = "ready"\nassumed = { starts_with = "ordered", within = "15m" }\n')
    story = order("o1").ordered("12:00").denied("e1", "12:10")

    assert story.ruling("12:09", policies) == "open / pending"
    assert story.judgement("12:10", policies).promises == ()


def test_denying_a_given_promise_leaves_the_assumed_one() -> None:
    policies = policies_of('[[policy]]\nkind = "ready"\nassumed = { starts_with = "ordered", within = "15m" }\n')
    story = order("o1").ordered("12:00").promised("ready", due="12:40").denied("e2", "12:10")

    assert story.promise("12:09", policies)[1].current.due == at("12:40")
    assert story.promise("12:10", policies)[1].current.due == at("12:15")


def test_a_correction_to_a_later_instant_counts_from_that_instant() -> None:
    story = KEPT.corrected("e2", "12:36", order("o1").reached("ready", "12:38"))
    judgement = story.judgement("12:37")

    assert story.ruling("12:37") == "open / pending"
    assert judgement.wake_at == at("12:38")
    assert story.ruling("12:38") == "kept / on_time"


def test_location_and_staff_can_be_corrected() -> None:
    story = order("o1").promised("ready", due="12:40", time="12:00", at="downtown", staff="anna")
    story = story.reached("ready", "12:30")
    right = order("o1").promised("ready", due="12:40", time="12:00", at="harbour", staff="ben")
    judged = story.corrected("e1", "13:00", right).promise("13:00")[1]

    assert (judged.location, judged.current.staff) == ("harbour", "ben")


def test_location_and_staff_of_the_correction_itself_do_not_count() -> None:
    story = LATE.corrected("e2", "13:00", RIGHT, at="head-office", staff="carla")
    judged = story.promise("13:00")[1]

    assert (judged.location, judged.current.staff) == ("", "")


def test_a_correction_can_be_denied_by_a_till_whose_clock_is_slow() -> None:
    story = LATE.corrected("e2", "12:50", RIGHT).denied("e3", "12:49")

    assert story.ruling("13:00") == "broken / late"


def arriving(story: Story, now: str) -> str:
    """Judge a case to which the events are added in the order of the story, all of them at `now`."""
    case = Case()
    for event in story.events:
        add_fact(case, admit(event, READY), READY, at(now))
    settle(case, READY, at(now))
    return " / ".join(case.judged[PromiseKey("", "ready", 1)].current.ruling)


def test_a_denial_that_is_older_than_its_event_and_arrives_first_counts() -> None:
    story = PROMISED.denied("bump", "12:30").reached("ready", "12:35", id="bump")

    assert arriving(story, "13:00") == story.ruling("13:00") == "broken / undelivered"


def test_a_corrected_event_is_ordered_by_its_corrected_instant() -> None:
    #  12:20          12:30                        12:40      12:50
    #  bumped ready   corrected: ready at 12:50    recalled   truly ready
    story = PROMISED.reached("ready", "12:20").corrected("e2", "12:30", order("o1").reached("ready", "12:50"))
    story = story.undone("ready", "12:40")

    assert arriving(story, "13:00") == story.ruling("13:00") == "broken / late"
