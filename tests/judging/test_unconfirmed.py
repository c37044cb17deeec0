"""A promise of which less is known than the clock says: what is judged by the clock, and what by the feed."""

from __future__ import annotations

from schemas.words import Basis
from streams.judging.settle import judge
from tests.histories import Story, at, order, policies_of

RISKY = policies_of('[[policy]]\nkind = "ready"\nat_risk = "10m"\ngrace = "2m"\n')
STORY = order("o1").promised("ready", due="12:40", time="12:00")


def says(story: Story, now: str, known: str, lapsed: str = "00:00", basis: Basis = "current") -> str:
    """How the only promise stands at `now`, where it is known what happened up to `known`."""
    judgement = judge(story.facts(RISKY), RISKY, at(now), at(known), at(lapsed))
    [(_, judged)] = judgement.promises
    return " / ".join(judged.on(basis).ruling)


def wakes(story: Story, now: str, known: str, lapsed: str = "00:00") -> int:
    return judge(story.facts(RISKY), RISKY, at(now), at(known), at(lapsed)).wake_at


def test_at_due_and_grace_nothing_is_unconfirmed_yet() -> None:
    assert says(STORY, "12:42", "12:00", "12:42") == "open / pending"
    assert says(STORY, "12:42:00.001", "12:00", "12:42:00.001") == "open / unconfirmed"


def test_while_its_feed_is_not_stale_a_promise_past_due_is_what_it_was() -> None:
    assert says(STORY, "13:00", "12:00") == "open / pending"
    assert says(STORY, "13:00", "12:30") == "open / at_risk"
    assert says(STORY, "13:00", "12:42") == "open / at_risk"
    assert says(STORY, "13:00", "12:42:00.001") == "broken / undelivered"


def test_what_is_known_to_be_undelivered_is_not_unconfirmed() -> None:
    assert says(STORY, "13:00", "12:42", "13:00") == "open / unconfirmed"
    assert says(STORY, "13:00", "12:42:00.001", "13:00") == "broken / undelivered"


def test_nothing_is_known_of_the_time_after_the_clock() -> None:
    assert says(STORY, "12:20", "18:00") == "open / pending"


def test_each_basis_has_a_deadline_of_its_own() -> None:
    story = STORY.amended("ready", "12:30", due="13:00", by="us")

    assert says(story, "12:50", "12:00", "12:50", "original") == "open / unconfirmed"
    assert says(story, "12:50", "12:00", "12:50", "current") == "open / pending"


def test_it_waits_for_the_next_time_that_must_be_heard_of() -> None:
    assert wakes(STORY, "13:00", "12:00", "13:00") == wakes(STORY, "13:00", "12:29:59.999") == at("12:30")
    assert wakes(STORY, "13:00", "12:30", "13:00") == wakes(STORY, "13:00", "12:30") == at("12:42:00.001")


def test_what_was_delivered_or_cancelled_waits_for_nothing() -> None:
    assert says(STORY.reached("ready", "12:41"), "13:00", "12:00", "13:00") == "kept / in_grace"
    assert says(STORY.reached("ready", "12:50"), "13:00", "12:00", "13:00") == "broken / late"
    assert says(STORY.cancelled("12:20", by="customer"), "13:00", "12:00") == "excluded / cancelled_by_customer"
