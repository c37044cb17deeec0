"""Whatever order events arrive in, and however often, the judgement is the same: tried on random histories."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from schemas.instants import NEVER, Instant
from schemas.values import replace
from streams.judging.case import Case, Outcome, Promise, PromiseKey
from streams.judging.fold import fold
from streams.judging.history import Fact, FactType, History, KnownHistory
from streams.judging.settle import add_fact, judge, settle
from streams.state.case_codec import decode, encode
from tests.histories import Story, history_of
from tests.judging.generated import END, POLICIES, Arrived, admitted, arrivals, clocks, examples, stories


class Said(NamedTuple):
    """What is said of one promise, but for how often it was said before."""

    promise: Promise
    original: Outcome
    current: Outcome
    location: str
    assumed: bool


def said(history: History, now: Instant) -> dict[PromiseKey, Said]:
    """The judgement of a history from scratch."""
    return {
        promise.key: Said(promise, judged.original, judged.current, judged.location, judged.assumed)
        for promise, judged in judge(list(history), POLICIES, now).promises
    }


def kept_in(case: Case) -> dict[PromiseKey, Said]:
    """The judgement that a case remembers."""
    return {
        key: Said(case.state.promises[key], judged.original, judged.current, judged.location, judged.assumed)
        for key, judged in case.judged.items()
        if not judged.retracted
    }


def outcomes(history: History, now: Instant) -> dict[PromiseKey, tuple[Outcome, Outcome, str, bool]]:
    return {key: told[1:] for key, told in said(history, now).items()}


def happenings(history: Iterable[Fact]) -> set[Instant]:
    """When anything of a history happened, also by its corrections."""
    found = list(history)
    return {fact.at for fact in found} | {truth.at for fact in found for truth in fact.replacement}


def arrived(told: list[tuple[Instant, Fact]]) -> tuple[Case, Instant]:
    """A case that learned each fact when it arrived, stored as bytes in between."""
    case, now = Case(), 0
    for now, fact in told:
        case = decode(encode(case), POLICIES)
        add_fact(case, fact, POLICIES, now)
        settle(case, POLICIES, now)
    return case, now


@examples(120)
@given(stories(), st.data())
def test_any_order_and_any_repetition_of_events_leave_the_same_judgement(story: Story, data: st.DataObject) -> None:
    facts = [fact for _, fact in admitted([(0, event) for event in story.events])]
    again = data.draw(st.lists(st.sampled_from(facts), max_size=3))
    shuffled = data.draw(st.permutations(facts + again))
    now = data.draw(clocks())

    assert history_of(facts) == history_of(shuffled)
    assert said(history_of(facts), now) == said(history_of(shuffled), now)


@examples(200)
@given(arrivals())
def test_after_every_event_the_stored_case_equals_the_history_folded_from_scratch(told: Arrived) -> None:
    case = Case()
    facts: list[Fact] = []
    for now, fact in admitted(told):
        facts.append(fact)
        case = decode(encode(case), POLICIES)
        settle(case, POLICIES, now)
        taken = add_fact(case, fact, POLICIES, now)
        assert settle(case, POLICIES, now) == [] or taken == "noticed"
        known = KnownHistory.at(history_of(facts), now)
        assert case.history == history_of(facts)
        assert case.state == fold(known.facts, POLICIES)
        assert kept_in(case) == said(case.history, now)
        assert case.wake_at == judge(list(case.history), POLICIES, now).wake_at


@examples(120)
@given(arrivals())
def test_a_case_that_is_woken_when_it_asked_for_it_is_always_up_to_date(told: Arrived) -> None:
    case, now = arrived(admitted(told))
    while case.wake_at != NEVER:
        assert case.wake_at > now
        now = case.wake_at
        case = decode(encode(case), POLICIES)
        settle(case, POLICIES, now)
        assert kept_in(case) == said(case.history, now)
    assert kept_in(case) == said(case.history, END)


@examples(120)
@given(stories(), clocks(), st.data())
def test_between_two_wake_ups_nothing_changes_and_at_a_wake_up_something_does(
    story: Story, now: Instant, data: st.DataObject
) -> None:
    history = story.facts(POLICIES)
    wake_at = judge(list(history), POLICIES, now).wake_at
    before = outcomes(history, now)
    between = data.draw(st.integers(now, min(wake_at, END) - 1), label="between")

    assert outcomes(history, between) == before
    if wake_at != NEVER:
        assert outcomes(history, wake_at - 1) == before
        assert outcomes(history, wake_at) != before or wake_at in happenings(history)


@examples(120)
@given(stories(), clocks(), st.data())
def test_waiting_longer_never_mends_what_is_broken(story: Story, now: Instant, data: st.DataObject) -> None:
    history = story.facts(POLICIES)
    next_event = min((moment for moment in happenings(history) if moment > now), default=END)
    later = data.draw(st.integers(now, max(now, next_event - 1)), label="later")
    then = said(history, later)

    for key, earlier in said(history, now).items():
        for first, second in ((earlier.original, then[key].original), (earlier.current, then[key].current)):
            assert first.ruling.verdict == "open" or second == first


@examples(120)
@given(stories(), clocks())
def test_what_happens_after_an_instant_says_nothing_about_it(story: Story, now: Instant) -> None:
    history = story.facts(POLICIES)

    assert said(history, now) == said([fact for fact in history if fact.at <= now], now)


@examples(120)
@given(stories(), clocks())
def test_how_the_time_of_a_step_is_known_changes_the_evidence_alone(story: Story, now: Instant) -> None:
    history = story.facts(POLICIES)
    found, as_measured = said(history, now), said([_measured(fact) for fact in history], now)

    assert {key: one._replace(assumed=False) for key, one in found.items()} == as_measured
    assert all(one.current.lateness is not None for one in found.values() if one.assumed)


def _measured(fact: Fact) -> Fact:
    return replace(fact, quality=0, replacement=tuple(_measured(one) for one in fact.replacement))


@examples(120)
@given(stories(), clocks(), st.data())
def test_a_snapshot_that_repeats_the_last_one_changes_nothing(story: Story, now: Instant, data: st.DataObject) -> None:
    history = story.facts(POLICIES)
    stated = [fact for fact in history if fact.type is FactType.STATED]
    if not stated or any(fact.type is FactType.CORRECTED for fact in history):
        return
    last = data.draw(st.sampled_from(stated))
    until = min((fact.at for fact in stated if fact > last and fact.subject == last.subject), default=END)
    again = replace(last, id="again", at=data.draw(st.integers(last.at, until)), staff="", location="")
    if again > last and until > again.at:
        assert said(history_of([*history, again]), now) == said(history, now)


@examples(60)
@given(arrivals())
def test_a_case_comes_back_from_its_bytes_as_it_was(told: Arrived) -> None:
    case, _ = arrived(admitted(told))

    assert decode(encode(case), POLICIES) == case
    assert encode(decode(encode(case), POLICIES)) == encode(case)
