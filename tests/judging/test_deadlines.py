"""Deadlines without an event: at risk, undelivered, and the instant of the next change."""

from __future__ import annotations

import pytest

from schemas.instants import NEVER
from streams.judging.admission import admit
from streams.judging.case import Case
from streams.judging.settle import add_fact, judge, settle
from tests.histories import READY, at, order, policies_of

STORY = order("o1").promised("ready", due="12:40", time="12:00")
RISKY = policies_of('[[policy]]\nkind = "ready"\ngrace = "2m"\nat_risk = "10m"\n')


#  12:00      12:30    12:40   12:42
#  |----------[========|=======]-------->
#  pending     at_risk          undelivered
@pytest.mark.parametrize(
    ("now", "says"),
    [
        ("12:00", "open / pending"),
        ("12:29:59.999", "open / pending"),
        ("12:30", "open / at_risk"),
        ("12:42", "open / at_risk"),
        ("12:42:00.001", "broken / undelivered"),
        ("23:59", "broken / undelivered"),
    ],
)
def test_time_alone_makes_a_promise_at_risk_and_then_undelivered(now: str, says: str) -> None:
    assert STORY.ruling(now, RISKY) == says


@pytest.mark.parametrize(
    ("now", "wake"), [("12:00", "12:30"), ("12:30", "12:42:00.001"), ("12:42", "12:42:00.001"), ("12:43", None)]
)
def test_a_judgement_has_the_instant_of_its_next_change(now: str, wake: str | None) -> None:
    assert STORY.judgement(now, RISKY).wake_at == (at(wake) if wake else NEVER)


def test_without_risk_or_grace_the_next_change_is_a_millisecond_after_the_due() -> None:
    assert STORY.judgement("12:00").wake_at == at("12:40:00.001")


def test_the_next_change_is_the_earliest_of_both_bases_and_all_promises() -> None:
    moved = STORY.amended("ready", "12:10", due="13:00", by="us")
    two = STORY.about("bag").promised("ready", due="12:20", time="12:00")

    assert moved.judgement("12:11").wake_at == at("12:40:00.001")
    assert moved.judgement("12:41").wake_at == at("13:00:00.001")
    assert two.judgement("12:11").wake_at == at("12:20:00.001")


@pytest.mark.parametrize("story", [STORY.reached("ready", "12:10"), STORY.cancelled("12:10", by="us")])
def test_a_settled_promise_has_no_next_change(story: object) -> None:
    assert isinstance(story, type(STORY))
    assert story.judgement("12:11", RISKY).wake_at == NEVER


def test_a_fact_ahead_of_the_watermark_is_a_next_change() -> None:
    assert STORY.reached("ready", "12:10").judgement("12:05").wake_at == at("12:10")


def test_lateness_is_fixed_at_the_delivery() -> None:
    story = STORY.reached("ready", "12:45")

    assert [story.promise(now)[1].current.lateness for now in ("12:45", "13:00", "23:00")] == [5 * 60_000] * 3


def test_there_is_no_lateness_before_the_delivery() -> None:
    assert STORY.promise("23:00")[1].current.lateness is None


def test_a_delivery_after_the_deadline_turns_undelivered_into_late() -> None:
    story = STORY.reached("ready", "12:50")

    assert story.ruling("12:49") == "broken / undelivered"
    assert story.ruling("12:50") == "broken / late"


def test_settling_again_with_nothing_new_changes_nothing() -> None:
    case = Case()
    add_fact(case, admit(STORY.events[0], READY), READY, at("12:00"))

    assert len(settle(case, READY, at("12:00"))) == 1
    assert settle(case, READY, at("12:30")) == []
    assert len(settle(case, READY, at("12:41"))) == 1
    assert settle(case, READY, at("13:30")) == []


def test_the_first_verdict_is_revision_0_and_an_open_promise_has_none() -> None:
    case = Case()
    add_fact(case, admit(STORY.events[0], RISKY), RISKY, at("12:00"))
    numbers = [change.after.revision for now in ("12:00", "12:30", "12:43") for change in settle(case, RISKY, at(now))]

    assert numbers == [-1, -1, 0]


def test_judging_does_not_change_the_history() -> None:
    history = STORY.reached("ready", "12:10").facts()
    judge(history, READY, at("13:00"))

    assert history == STORY.reached("ready", "12:10").facts()
