"""The fast path equals `judge`: wherever it appends a fact, judging with and without that fact is the same.

Random histories rarely take the fast path by chance, and then not in the dangerous cases. So each example ends with a
step made for it: most of them could be appended but for one or two of the things that forbid it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, composite
from msgspec.structs import replace

from schemas.instants import NEVER, Instant, from_datetime
from streams.judging.case import Case
from streams.judging.history import Fact, FactType
from streams.judging.settle import add_fact, judge, settle
from streams.state.case_codec import decode, encode
from streams.state.fast_path import try_append
from tests.judging.generated import BASE, END, MINUTE, POLICIES, Arrived, admitted, arrivals, examples, look_at


class Example(NamedTuple):
    """An encoded case and the next fact. now, complete_until, stale_until: as in `settle`, at that fact."""

    stored: bytes
    fact: Fact
    now: Instant
    complete_until: Instant
    stale_until: Instant


class Feed(NamedTuple):
    """A feed with a constant lag that is always or never stale."""

    lag: int
    is_stale: bool

    def at(self, now: Instant) -> tuple[Instant, Instant]:
        """Return `complete_until` and `stale_until` at `now`."""
        return now - self.lag, now if self.is_stale else 0


def judged_case(arrived: Arrived, feed: Feed) -> tuple[Case, Instant]:
    """Return a case that was judged at the arrival of each event, and the instant of the last one."""
    case, now = Case(), BASE
    for now, fact in admitted(arrived):
        settle(case, POLICIES, now, *feed.at(now))
        add_fact(case, fact, POLICIES, now)
        settle(case, POLICIES, now, *feed.at(now))
    return case, now


@composite
def examples_of_steps(draw: DrawFn) -> Example:
    """Draw a random case and a step that the fast path would append, but for one or two changed fields."""
    arrived = draw(arrivals())
    if draw(st.booleans()):  # each event arrives when it happens, so that timers are still to come
        arrived = sorted(((from_datetime(event.occurred_at), event) for _, event in arrived), key=lambda item: item[0])
    feed = Feed(draw(st.sampled_from([0, 0, 1, MINUTE, 5 * MINUTE])), draw(st.booleans()))
    case, clock = judged_case(arrived[: draw(st.sampled_from([1, 1, 2, 3, len(arrived)]))], feed)
    if draw(st.sampled_from([True, True, False])):  # all facts have become due, and were judged
        clock = max(clock, case.last_at)
        settle(case, POLICIES, clock, *feed.at(clock))
    assignments = case.state.assignments
    subject, staff = (assignments[-1].subject, assignments[-1].staff) if assignments else ("", "")
    plain = Fact(at=case.last_at + 1, type=FactType.REACHED, id="new", subject=subject, name="boxed", staff=staff)
    possible = _other_values(case, clock)
    changed = draw(st.permutations([*sorted(possible), "location"]))[: draw(st.sampled_from([1, 1, 1, 2, 0, 0]))]
    fact = replace(plain, **{field: draw(st.sampled_from(possible[field])) for field in changed})
    now = max(clock, fact.at + draw(st.sampled_from([0, 0, 0, 0, MINUTE, -1])))
    if case.wake_at != NEVER and draw(st.sampled_from([False, False, True])):
        now = case.wake_at + draw(st.sampled_from([-1, 0, 1]))
    return Example(encode(case), fact, now, *feed.at(now))


def _other_values(case: Case, clock: Instant) -> dict[str, list[Any]]:
    """Return by field the values that a step may have instead."""
    last = case.last_at
    return {
        "at": [last, last - 1, last + MINUTE, clock, clock + 1, BASE],
        "type": [FactType.ASSIGNED, FactType.UNDONE, FactType.CANCELLED, FactType.STATED],
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
@given(examples_of_steps(), st.integers(0, 30))
def test_a_fact_on_the_fast_path_changes_no_judgement(example: Example, minutes: int) -> None:
    appended = try_append(example.stored, example.fact, POLICIES, example.now)
    if appended is None:
        return
    before = decode(example.stored, POLICIES).history
    after = [*before, example.fact]
    assert {fact.id for fact in after} > {fact.id for fact in before}
    for now in (example.now, example.now + minutes * MINUTE, END + MINUTE):
        for feed in ((now, 0), (example.complete_until, example.stale_until), (example.complete_until, now)):
            assert judge(after, POLICIES, now, *feed) == judge(before, POLICIES, now, *feed)
    _assert_add_fact_does_the_same(example, appended)


def _assert_add_fact_does_the_same(example: Example, appended: bytes) -> None:
    case = decode(example.stored, POLICIES)
    assert add_fact(case, example.fact, POLICIES, example.now) == "unchanged"
    assert encode(case) == appended
    assert settle(case, POLICIES, example.now, example.complete_until, example.stale_until) == []
    assert encode(case) == appended


def test_enough_of_the_examples_take_the_fast_path() -> None:
    seen: Counter[bool] = Counter()

    def look(example: Example) -> None:
        seen[try_append(example.stored, example.fact, POLICIES, example.now) is not None] += 1

    look_at(examples_of_steps(), 200, look)
    assert seen[True] > seen.total() / 6
