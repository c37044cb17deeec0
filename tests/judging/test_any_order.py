"""The judgement does not depend on the order or repetition of events: properties of random histories."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.instants import NEVER, Instant
from streams.judging.case import Case, Outcome, Promise, PromiseKey
from streams.judging.fold import fold
from streams.judging.history import Fact, FactType, History, KnownHistory
from streams.judging.settle import add_fact, judge, settle
from streams.state.case_codec import decode, encode
from tests.histories import Story, history_of
from tests.judging.generated import END, POLICIES, Arrived, admitted, arrivals, clocks, examples, stories


class PromiseJudgement(NamedTuple):
    """The judgement of one promise, without its revision."""

    promise: Promise
    original: Outcome
    current: Outcome
    location: str
    assumed: bool


def judgements(history: History, now: Instant) -> dict[PromiseKey, PromiseJudgement]:
    """Judge a history from scratch."""
    return {
        promise.key: PromiseJudgement(promise, judged.original, judged.current, judged.location, judged.assumed)
        for promise, judged in judge(list(history), POLICIES, now).promises
    }


def stored_judgements(case: Case) -> dict[PromiseKey, PromiseJudgement]:
    """Return the judgements that are stored in a case."""
    return {
        key: PromiseJudgement(
            case.state.promises[key], judged.original, judged.current, judged.location, judged.assumed
        )
        for key, judged in case.judged.items()
        if not judged.retracted
    }


def outcomes(history: History, now: Instant) -> dict[PromiseKey, tuple[Outcome, Outcome, str, bool]]:
    return {key: judgement[1:] for key, judgement in judgements(history, now).items()}


def happenings(history: Iterable[Fact]) -> set[Instant]:
    """Return the instants of all facts of a history, including those in corrections."""
    found = list(history)
    return {fact.at for fact in found} | {replacement.at for fact in found for replacement in fact.replacement}


def case_after(arrived: list[tuple[Instant, Fact]]) -> tuple[Case, Instant]:
    """Return a case to which each fact was added at its arrival, and which was encoded in between."""
    case, now = Case(), 0
    for now, fact in arrived:
        case = decode(encode(case), POLICIES)
        add_fact(case, fact, POLICIES, now)
        settle(case, POLICIES, now)
    return case, now


@examples(120)
@given(stories(), st.data())
def test_the_judgement_does_not_depend_on_order_or_repetition(story: Story, data: st.DataObject) -> None:
    facts = [fact for _, fact in admitted([(0, event) for event in story.events])]
    again = data.draw(st.lists(st.sampled_from(facts), max_size=3))
    shuffled = data.draw(st.permutations(facts + again))
    now = data.draw(clocks())

    assert history_of(facts) == history_of(shuffled)
    assert judgements(history_of(facts), now) == judgements(history_of(shuffled), now)


@examples(200)
@given(arrivals())
def test_after_every_event_the_stored_case_equals_the_history_folded_from_scratch(arrived: Arrived) -> None:
    case = Case()
    facts: list[Fact] = []
    for now, fact in admitted(arrived):
        facts.append(fact)
        case = decode(encode(case), POLICIES)
        settle(case, POLICIES, now)
        taken = add_fact(case, fact, POLICIES, now)
        assert settle(case, POLICIES, now) == [] or taken == "changed"
        known = KnownHistory.at(history_of(facts), now)
        assert case.history == history_of(facts)
        assert case.state == fold(known.facts, POLICIES)
        assert stored_judgements(case) == judgements(case.history, now)
        assert case.wake_at == judge(list(case.history), POLICIES, now).wake_at


@examples(120)
@given(arrivals())
def test_a_case_settled_at_every_wake_up_is_always_up_to_date(arrived: Arrived) -> None:
    case, now = case_after(admitted(arrived))
    while case.wake_at != NEVER:
        assert case.wake_at > now
        now = case.wake_at
        case = decode(encode(case), POLICIES)
        settle(case, POLICIES, now)
        assert stored_judgements(case) == judgements(case.history, now)
    assert stored_judgements(case) == judgements(case.history, END)


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
def test_time_alone_never_changes_a_broken_promise(story: Story, now: Instant, data: st.DataObject) -> None:
    history = story.facts(POLICIES)
    next_event = min((moment for moment in happenings(history) if moment > now), default=END)
    later = data.draw(st.integers(now, max(now, next_event - 1)), label="later")
    then = judgements(history, later)

    for key, earlier in judgements(history, now).items():
        for first, second in ((earlier.original, then[key].original), (earlier.current, then[key].current)):
            assert first.ruling.verdict == "open" or second == first


@examples(120)
@given(stories(), clocks())
def test_facts_after_an_instant_do_not_change_the_judgement_at_it(story: Story, now: Instant) -> None:
    history = story.facts(POLICIES)

    assert judgements(history, now) == judgements([fact for fact in history if fact.at <= now], now)


@examples(120)
@given(stories(), clocks())
def test_the_quality_of_a_step_changes_only_the_evidence(story: Story, now: Instant) -> None:
    history = story.facts(POLICIES)
    found, as_measured = judgements(history, now), judgements([_measured(fact) for fact in history], now)

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
        assert judgements(history_of([*history, again]), now) == judgements(history, now)


@examples(60)
@given(arrivals())
def test_decoding_an_encoded_case_returns_the_same_case(arrived: Arrived) -> None:
    case, _ = case_after(admitted(arrived))

    assert decode(encode(case), POLICIES) == case
    assert encode(decode(encode(case), POLICIES)) == encode(case)
