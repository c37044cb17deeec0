"""The short way equals the long one: wherever a fact goes unnoticed, judging with it and without it agree.

Random histories hardly ever take the short way by chance, and then not where it is dangerous. So each example ends with
a step made for it: mostly one that may go unnoticed, but for the one thing or other that forbids it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy, composite
from msgspec.structs import replace

from schemas.instants import NEVER, Instant, instant
from streams.book.codec import decode, encode
from streams.book.unnoticed import appended
from streams.judging.case import Case
from streams.judging.history import Fact, History, What, insert
from streams.judging.settle import judge, settle, take
from tests.judging.generated import BASE, END, MINUTE, TOWN, Arrived, admitted, arrivals, settled_by


class Tried(NamedTuple):
    """A case as it is stored, and what comes next. now: the clock then."""

    stored: bytes
    fact: Fact
    now: Instant


def learned(told: Arrived) -> tuple[Case, Instant]:
    """A case that was judged when each event arrived, and the clock then."""
    case, now = Case(), BASE
    for now, fact in admitted(told):
        settle(case, TOWN, now)
        take(case, fact, TOWN, now)
        settle(case, TOWN, now)
    return case, now


@composite
def steps(draw: DrawFn) -> Tried:
    """A step that comes to a random case: new, in order, of no interest to any policy and with nothing more to say of
    the case, but for a twist or two."""
    told = draw(arrivals())
    if draw(st.booleans()):  # each is known at once, so that more is still to come of itself
        told = sorted(((instant(event.occurred_at), event) for _, event in told), key=lambda one: one[0])
    case, clock = learned(told[: draw(st.sampled_from([1, 2, 3, len(told)]))])
    if draw(st.integers(0, 3)):  # all that was ahead has happened, and was judged
        clock = max(clock, case.last_at)
        settle(case, TOWN, clock)
    hands = case.standing.hands
    subject, staff = (hands[-1].subject, hands[-1].staff) if hands else ("", "")
    plain = Fact(case.last_at + 1, What.REACHED, "new", subject, "boxed", staff)
    twists = draw(st.lists(st.one_of(_twists(case, clock)), max_size=2))
    fact = replace(plain, **{field: value for twist in twists for field, value in twist.items()})
    now = max(clock, fact.at + draw(st.sampled_from([0, 0, 0, MINUTE, 6 * MINUTE, -1])))
    if case.wake_at != NEVER and not draw(st.integers(0, 3)):
        now = case.wake_at + draw(st.sampled_from([-1, 0, 1]))
    return Tried(encode(case), fact, now)


def _twists(case: Case, clock: Instant) -> list[SearchStrategy[dict[str, Any]]]:
    """What may be otherwise about a step: one field each."""
    last = case.last_at
    said: dict[str, list[Any]] = {
        "at": [last, last - 1, last + MINUTE, clock, clock + 1, BASE],
        "what": [What.ASSIGNED, What.UNDONE, What.CANCELLED],
        "id": ["e", *[fact.id for fact in case.history]],
        "subject": ["", "bag"],
        "name": ["ready", "handed_over", "ordered", "us"],
        "staff": ["", "anna", "ben"],
        "location": ["north", "south"],
        "channel": ["app"],
        "segment": ["new"],
    }
    return [st.sampled_from([{field: value} for value in values]) for field, values in said.items()]


def judged(history: History, now: Instant) -> object:
    return judge(history, TOWN, now)


@settled_by(250)
@given(steps(), st.integers(0, 30))
def test_with_and_without_what_goes_unnoticed_the_judgement_is_the_same_now_and_ever_after(
    tried: Tried, minutes: int
) -> None:
    longer = appended(tried.stored, tried.fact, TOWN, tried.now)
    if longer is None:
        return
    before = decode(tried.stored, TOWN).history
    after = list(before)
    assert insert(after, tried.fact)
    assert decode(longer, TOWN).history == after
    for now in (tried.now, tried.now + minutes * MINUTE, END + MINUTE):
        assert judged(after, now) == judged(before, now)


@settled_by(250)
@given(steps())
def test_the_short_way_leaves_what_the_long_one_leaves(tried: Tried) -> None:
    longer = appended(tried.stored, tried.fact, TOWN, tried.now)
    if longer is None:
        return
    case = decode(tried.stored, TOWN)
    assert take(case, tried.fact, TOWN, tried.now) == "unnoticed"
    assert encode(case) == longer
    assert settle(case, TOWN, tried.now) == []
    assert encode(case) == longer


def test_the_steps_that_are_tried_go_the_short_way_often_enough_to_prove_something() -> None:
    seen: Counter[bool] = Counter()

    @settings(max_examples=200, deadline=None, database=None, derandomize=True)
    @given(steps())
    def look(tried: Tried) -> None:
        seen[appended(tried.stored, tried.fact, TOWN, tried.now) is not None] += 1

    look()
    assert seen[True] > seen.total() / 5
