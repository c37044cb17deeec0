"""Promises whose feed is behind the watermark of the partition."""

from __future__ import annotations

from schemas.words import Basis
from streams.judging.settle import judge
from tests.histories import Story, at, order, policies_of

RISKY = policies_of('[[policy]]\nkind = "ready"\nat_risk = "10m"\ngrace = "2m"\n')
STORY = order("o1").promised("ready", due="12:40", time="12:00")


def says(story: Story, now: str, complete_until: str, stale_until: str = "00:00", basis: Basis = "current") -> str:
    """Return the ruling on the only promise at `now`, with the watermark of its feed."""
    judgement = judge(story.facts(RISKY), RISKY, at(now), at(complete_until), at(stale_until))
    [(_, judged)] = judgement.promises
    return " / ".join(judged.on(basis).ruling)


def wakes(story: Story, now: str, complete_until: str, stale_until: str = "00:00") -> int:
    return judge(story.facts(RISKY), RISKY, at(now), at(complete_until), at(stale_until)).wake_at


def test_until_the_end_of_the_grace_no_promise_is_unconfirmed() -> None:
    assert says(STORY, "12:42", "12:00", "12:42") == "open / pending"
    assert says(STORY, "12:42:00.001", "12:00", "12:42:00.001") == "open / unconfirmed"


def test_while_its_feed_is_not_stale_a_promise_past_due_stays_open() -> None:
    assert says(STORY, "13:00", "12:00") == "open / pending"
    assert says(STORY, "13:00", "12:30") == "open / at_risk"
    assert says(STORY, "13:00", "12:42") == "open / at_risk"
    assert says(STORY, "13:00", "12:42:00.001") == "broken / undelivered"


def test_a_promise_past_due_by_the_feed_is_undelivered_not_unconfirmed() -> None:
    assert says(STORY, "13:00", "12:42", "13:00") == "open / unconfirmed"
    assert says(STORY, "13:00", "12:42:00.001", "13:00") == "broken / undelivered"


def test_a_feed_ahead_of_the_watermark_counts_only_until_the_watermark() -> None:
    assert says(STORY, "12:20", "18:00") == "open / pending"


def test_each_basis_has_a_deadline_of_its_own() -> None:
    story = STORY.amended("ready", "12:30", due="13:00", by="us")

    assert says(story, "12:50", "12:00", "12:50", "original") == "open / unconfirmed"
    assert says(story, "12:50", "12:00", "12:50", "current") == "open / pending"


def test_the_next_change_is_a_watermark_of_the_feed() -> None:
    assert wakes(STORY, "13:00", "12:00", "13:00") == wakes(STORY, "13:00", "12:29:59.999") == at("12:30")
    assert wakes(STORY, "13:00", "12:30", "13:00") == wakes(STORY, "13:00", "12:30") == at("12:42:00.001")


def test_a_delivered_or_cancelled_promise_waits_for_nothing() -> None:
    assert says(STORY.reached("ready", "12:41"), "13:00", "12:00", "13:00") == "kept / in_grace"
    assert says(STORY.reached("ready", "12:50"), "13:00", "12:00", "13:00") == "broken / late"
    assert says(STORY.cancelled("12:20", by="customer"), "13:00", "12:00") == "excluded / cancelled_by_customer"
