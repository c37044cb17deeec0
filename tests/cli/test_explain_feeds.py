"""`promises explain` where a shop is heard of through a feed."""

from __future__ import annotations

from schemas.events import Clock
from streams.cli.explain import explained
from streams.judging.feeds import FeedOf
from tests.book.desk import record
from tests.histories import READY, at, moment, order

HARBOUR = {"harbour": FeedOf("till", silent_after=5 * 60_000)}
ORDER = order("o1").promised("ready", due="12:40", time="12:00", at="harbour").told[0]


def last_step(heard: str, until: str) -> tuple[str, str]:
    """How the order stands then, and the last thing that happened to it, where its till was heard of up to `heard`."""
    said = Clock(source="till", at=moment(heard))
    records = [(0, record(ORDER, at("12:00"))), (0, record(said, at(heard)))]
    [found] = explained(records, "o1", READY, at(until), HARBOUR)
    return found.judged.current.ruling.reason, found.steps[-1].effect


def test_a_deadline_that_waits_for_a_silent_till_says_so() -> None:
    reason, effect = last_step(heard="12:30", until="13:00")

    assert reason == "unconfirmed"
    assert effect == "the deadline passed; its feed has not been heard of since, so nothing is known"


def test_a_deadline_that_the_till_was_heard_of_beyond_is_what_it_always_was() -> None:
    assert last_step(heard="12:41", until="13:00") == (
        "undelivered",
        "the deadline passed with nothing delivered: broken",
    )
