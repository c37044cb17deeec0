"""The short way equals the long one: wherever a fact goes unnoticed, judging with it and without it agree.

Random histories hardly ever take the short way by chance, and then not where it is dangerous. So each example ends with
a step made for it: mostly one that may go unnoticed, but for the one thing or other that forbids it.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, composite

from schemas.instants import Instant
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
    """A step that comes to a random case: in the best order, of no interest to any policy and with nothing new to say,
    but for what chance changes."""
    told = draw(arrivals())
    case, clock = learned(told[: draw(st.sampled_from([1, 2, 3, len(told)]))])
    history = case.history
    if draw(st.integers(0, 3)):  # all that was ahead has happened, and was judged
        clock = max(clock, case.last_at)
        settle(case, TOWN, clock)
    at = draw(st.sampled_from([case.last_at + 1, case.last_at + 1, case.last_at + MINUTE, case.last_at, clock, BASE]))
    now = max(clock, at + draw(st.sampled_from([0, 0, 0, MINUTE, 6 * MINUTE, -1])))
    fact = Fact(
        at,
        draw(st.sampled_from([What.REACHED] * 6 + [What.ASSIGNED, What.UNDONE, What.CANCELLED])),
        draw(st.sampled_from(["new", "new", "new", "e", *[one.id for one in history]])),
        *_said(draw, case),
    )
    return Tried(encode(case), fact, now)


def _said(draw: DrawFn, case: Case) -> tuple[str, str, str, str, str, str]:
    """Subject, name, staff and attributes: mostly what the case knows already."""
    hands, known = case.standing.hands, case.standing.attributes
    subject, staff = (hands[-1].subject, hands[-1].staff) if hands else ("", "")
    name = draw(st.sampled_from(["boxed", "boxed", "boxed", "ready", "handed_over", "ordered", "us"]))
    subject = draw(st.sampled_from([subject, subject, "bag", ""]))
    staff = draw(st.sampled_from([staff, staff, "", "anna", "ben"]))
    location = draw(st.sampled_from([known.location, "", "north", "south"]))
    channel = draw(st.sampled_from([known.channel, "", "", "app"]))
    segment = draw(st.sampled_from([known.segment, "", "", "new"]))
    return subject, name, staff, location, channel, segment


def judged(history: History, now: Instant) -> object:
    return judge(history, TOWN, now)


@settled_by(400)
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


@settled_by(400)
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

    @settings(max_examples=300, deadline=None, database=None, derandomize=True)
    @given(steps())
    def look(tried: Tried) -> None:
        seen[appended(tried.stored, tried.fact, TOWN, tried.now) is not None] += 1

    look()
    assert seen[True] > seen.total() / 12
