"""The short way equals the long one: wherever a fact goes unnoticed, judging with it and without it agree.

Random histories hardly ever take the short way by chance, and then not where it is dangerous. So each example ends with
a step made for it: mostly one that may go unnoticed, but for the one thing or other that forbids it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, composite
from msgspec.structs import replace

from schemas.instants import NEVER, Instant, from_datetime
from streams.judging.case import Case
from streams.judging.history import Fact, FactType
from streams.judging.settle import add_fact, judge, settle
from streams.state.case_codec import decode, encode
from streams.state.fast_path import try_append
from tests.judging.generated import BASE, END, MINUTE, POLICIES, Arrived, admitted, arrivals, examples


class Tried(NamedTuple):
    """A case as it is stored, and what comes next. now: the clock then. known, lapsed: as in `settle`, then."""

    stored: bytes
    fact: Fact
    now: Instant
    known: Instant
    lapsed: Instant


class Feed(NamedTuple):
    """A feed that lags by so much, and is stale or not."""

    lag: int
    is_stale: bool

    def at(self, now: Instant) -> tuple[Instant, Instant]:
        """What is known and what lapsed at `now`."""
        return now - self.lag, now if self.is_stale else 0


def learned(told: Arrived, feed: Feed) -> tuple[Case, Instant]:
    """A case that was judged when each event arrived, and the clock then."""
    case, now = Case(), BASE
    for now, fact in admitted(told):
        settle(case, POLICIES, now, *feed.at(now))
        add_fact(case, fact, POLICIES, now)
        settle(case, POLICIES, now, *feed.at(now))
    return case, now


@composite
def steps(draw: DrawFn) -> Tried:
    """A step that comes to a random case: new, in order, of no interest to any policy and with nothing more to say of
    the case, but for a twist or two."""
    told = draw(arrivals())
    if draw(st.booleans()):  # each is known at once, so that more is still to come of itself
        told = sorted(((from_datetime(event.occurred_at), event) for _, event in told), key=lambda one: one[0])
    feed = Feed(draw(st.sampled_from([0, 0, 1, MINUTE, 5 * MINUTE])), draw(st.booleans()))
    case, clock = learned(told[: draw(st.sampled_from([1, 1, 2, 3, len(told)]))], feed)
    if draw(st.sampled_from([True, True, False])):  # all that was ahead has happened, and was judged
        clock = max(clock, case.last_at)
        settle(case, POLICIES, clock, *feed.at(clock))
    hands = case.state.assignments
    subject, staff = (hands[-1].subject, hands[-1].staff) if hands else ("", "")
    plain = Fact(case.last_at + 1, FactType.REACHED, "new", subject, "boxed", staff)
    possible = _twists(case, clock)
    twisted = draw(st.permutations([*sorted(possible), "location"]))[: draw(st.sampled_from([1, 1, 1, 2, 0, 0]))]
    fact = replace(plain, **{field: draw(st.sampled_from(possible[field])) for field in twisted})
    now = max(clock, fact.at + draw(st.sampled_from([0, 0, 0, 0, MINUTE, -1])))
    if case.wake_at != NEVER and draw(st.sampled_from([False, False, True])):
        now = case.wake_at + draw(st.sampled_from([-1, 0, 1]))
    return Tried(encode(case), fact, now, *feed.at(now))


def _twists(case: Case, clock: Instant) -> dict[str, list[Any]]:
    """What may be otherwise about a step, by field."""
    last = case.last_at
    return {
        "at": [last, last - 1, last + MINUTE, clock, clock + 1, BASE],
        "what": [FactType.ASSIGNED, FactType.UNDONE, FactType.CANCELLED, FactType.STATED],
        "id": ["e", *[fact.id for fact in case.history]],
        "subject": ["", "bag"],
        "name": ["ready", "handed_over", "ordered", "us"],
        "staff": ["", "anna", "ben"],
        "location": ["north", "south"],
        "channel": ["app"],
        "segment": ["new"],
        "quality": [1, 2],
    }


@examples(400)
@given(steps(), st.integers(0, 30))
def test_where_a_step_goes_unnoticed_judging_with_it_and_without_it_agree(tried: Tried, minutes: int) -> None:
    longer = try_append(tried.stored, tried.fact, POLICIES, tried.now)
    if longer is None:
        return
    before = decode(tried.stored, POLICIES).history
    after = [*before, tried.fact]
    assert {fact.id for fact in after} > {fact.id for fact in before}
    for now in (tried.now, tried.now + minutes * MINUTE, END + MINUTE):
        for known, lapsed in ((now, 0), (tried.known, tried.lapsed), (tried.known, now)):
            assert judge(after, POLICIES, now, known, lapsed) == judge(before, POLICIES, now, known, lapsed)
    _equals_the_long_way(tried, longer)


def _equals_the_long_way(tried: Tried, longer: bytes) -> None:
    case = decode(tried.stored, POLICIES)
    assert add_fact(case, tried.fact, POLICIES, tried.now) == "unnoticed"
    assert encode(case) == longer
    assert settle(case, POLICIES, tried.now, tried.known, tried.lapsed) == []
    assert encode(case) == longer


def test_the_steps_that_are_tried_go_the_short_way_often_enough_to_prove_something() -> None:
    seen: Counter[bool] = Counter()

    @settings(max_examples=200, deadline=None, database=None, derandomize=True)
    @given(steps())
    def look(tried: Tried) -> None:
        seen[try_append(tried.stored, tried.fact, POLICIES, tried.now) is not None] += 1

    look()
    assert seen[True] > seen.total() / 6
