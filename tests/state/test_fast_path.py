"""The facts that the fast path appends to a stored case, and those that it leaves to the judgement."""

from __future__ import annotations

import pytest

from streams.judging.admission import admit
from streams.judging.case import Case
from streams.judging.settle import add_fact, settle
from streams.state.case_codec import decode, encode
from streams.state.fast_path import try_append
from tests.histories import READY, Story, at, order
from tests.state.partitions import Partition

PROMISED = order("o1").promised("ready", due="12:40", time="12:00", at="harbour", staff="anna")


def stored(story: Story, now: str = "12:10") -> bytes:
    """Return the case after a story, with all events added at `now`."""
    case = Case()
    for fact in story.facts():
        add_fact(case, fact, READY, at(now))
    settle(case, READY, at(now))
    return encode(case)


def is_appended(before: Story, after: Story, now: str = "12:30") -> bool:
    """Return whether the last event of `after` is appended to the case of `before` on the fast path."""
    longer = try_append(stored(before), admit(after.events[-1], READY), READY, at(now))
    if longer is not None:
        assert decode(longer, READY).history == after.facts()
    return longer is not None


UNNOTICED = {
    "a step of no policy": PROMISED.reached("boxed", "12:10"),
    "at the shop that is known": PROMISED.reached("boxed", "12:10", at="harbour"),
    "at another shop than was known first": PROMISED.reached("boxed", "12:10", at="downtown"),
    "by who has it in hand": PROMISED.reached("boxed", "12:10", staff="anna"),
    "of one bag of it": PROMISED.about("bag").reached("boxed", "12:10"),
}
NOTICED = {
    "a step of a policy": PROMISED.reached("ready", "12:10"),
    "an assignment": PROMISED.taken_by("anna", "12:10"),
    "by somebody else": PROMISED.reached("boxed", "12:10", staff="ben"),
    "by the same, of one bag of it": PROMISED.about("bag").reached("boxed", "12:10", staff="anna"),
    "by somebody whose id ends alike": PROMISED.reached("boxed", "12:10", staff="joanna"),
    "the first that names a channel": PROMISED.reached("boxed", "12:10", channel="app"),
    "the first that names a segment": PROMISED.reached("boxed", "12:10", segment="new"),
    "under an id that is taken": PROMISED.reached("boxed", "12:10", id="e1"),
    "before the last": PROMISED.reached("boxed", "11:59"),
    "at the instant of the last": PROMISED.reached("boxed", "12:00"),
    "ahead of the clock": PROMISED.reached("boxed", "12:31"),
}


@pytest.mark.parametrize("name", UNNOTICED)
def test_a_fact_without_effect_is_appended(name: str) -> None:
    assert is_appended(PROMISED, UNNOTICED[name])


@pytest.mark.parametrize("name", NOTICED)
def test_a_fact_with_an_effect_is_not_appended(name: str) -> None:
    assert not is_appended(PROMISED, NOTICED[name])


def test_the_first_fact_with_an_attribute_is_not_appended() -> None:
    nowhere = order("o1").promised("ready", due="12:40", time="12:00")

    assert not is_appended(nowhere, nowhere.reached("boxed", "12:10", at="harbour"))
    assert is_appended(nowhere, nowhere.reached("boxed", "12:10"))


def test_the_first_fact_with_staff_is_not_appended() -> None:
    nobody = order("o1").promised("ready", due="12:40", time="12:00", at="harbour")

    assert not is_appended(nobody, nobody.reached("boxed", "12:10", staff="anna"))


def test_nothing_is_appended_to_a_history_with_a_correction() -> None:
    denied = PROMISED.reached("boxed", "12:01").denied("e9", "12:05")

    assert not is_appended(denied, denied.reached("packed", "12:10"))


def test_nothing_is_appended_while_a_timer_is_due() -> None:
    step = PROMISED.reached("boxed", "12:10")

    assert is_appended(PROMISED, step, now="12:40")
    assert not is_appended(PROMISED, step, now="12:40:00.001")


def test_a_fact_on_the_fast_path_is_stored_and_counted() -> None:
    partition = Partition().arrive(UNNOTICED["by who has it in hand"])
    case = partition.state.case("o1")

    assert case is not None
    assert case.history == UNNOTICED["by who has it in hand"].facts()
    assert (partition.state.fast_path, partition.state.counters.duplicates, partition.net("harbour")) == (
        1,
        0,
        {"open": 1},
    )
