"""The quality of the generated histories: enough of them have each of the difficulties of judging."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from schemas.instants import NEVER, Instant
from streams.judging.case import Case, CaseState, Change, Judged, Promise, PromiseKey, Window
from streams.judging.fold import apply, completed_at, fold
from streams.judging.history import Fact, FactType, KnownHistory
from streams.judging.settle import add_fact, judge, settle
from tests.histories import history_of
from tests.judging.generated import END, POLICIES, Arrived, admitted, arrivals, look_at

EXAMPLES = 400
LEAST_PERCENT = {
    "a promise": 60,
    "an assumed promise": 6,
    "two promises": 10,
    "two policies": 8,
    "a correction that counts": 25,
    "an event out of order": 25,
    "an event ahead of the clock": 30,
    "two events at one instant": 40,
    "one id for two events": 15,
    "a promise amended": 15,
    "a promise amended by the customer in time": 6,
    "a promise that was first stated": 12,
    "a promise stated otherwise than before": 6,
    "a promise stated as before": 10,
    "a promise stated as before after it was amended": 2,
    "a delivery known by a proxy alone": 8,
    "undone after it was delivered": 8,
    "cancelled": 12,
    "kept": 8,
    "broken": 35,
    "excluded": 6,
    "delivered late": 3,
    "both bases, two verdicts": 1,
    "a verdict revised": 30,
    "a promise retracted": 6,
    "a promise that moved to another shop": 3,
}


def test_enough_generated_histories_have_each_difficulty_of_judging() -> None:
    seen: Counter[str] = Counter()

    def look(arriving: Arrived) -> None:
        arrived = admitted(arriving)
        seen["histories"] += 1
        seen.update({*_in_events(arrived), *_in_judgement(arrived), *_on_the_way(arrived)})

    look_at(arrivals(), EXAMPLES, look)
    shares = {name: 100 * seen[name] / seen["histories"] for name in LEAST_PERCENT}
    assert {name: share for name, share in shares.items() if share < LEAST_PERCENT[name]} == {}


def _in_events(arrived: list[tuple[Instant, Fact]]) -> Iterator[str]:
    facts = [fact for _, fact in arrived]
    history = history_of(facts)
    if any(later.at < earlier.at for earlier, later in pairwise(facts)):
        yield "an event out of order"
    if any(fact.at > clock for clock, fact in arrived):
        yield "an event ahead of the clock"
    if len({fact.at for fact in history}) < len(history):
        yield "two events at one instant"
    if len({fact.id for fact in facts}) < len(set(facts)):
        yield "one id for two events"
    uncorrected = [fact for fact in history if fact.type != FactType.CORRECTED]
    if fold(uncorrected, POLICIES) != fold(KnownHistory.at(history, END).facts, POLICIES):
        yield "a correction that counts"


def _in_judgement(arrived: list[tuple[Instant, Fact]]) -> Iterator[str]:
    history = history_of(fact for _, fact in arrived)
    yield from _in_the_fold(history)
    promises = judge(history, POLICIES, END).promises
    if promises:
        yield "a promise"
    if len(promises) > 1:
        yield "two promises"
    if len({promise.policy.id for promise, _ in promises}) > 1:
        yield "two policies"
    for promise, judged in promises:
        yield judged.current.ruling.verdict
        yield from _of_one(promise, judged)


def _of_one(promise: Promise, judged: Judged) -> Iterator[str]:
    if promise.origin == "assumed":
        yield "an assumed promise"
    if judged.assumed:
        yield "a delivery known by a proxy alone"
    if judged.current.ruling.reason.startswith("cancelled"):
        yield "cancelled"
    if judged.current.ruling.reason == "late":
        yield "delivered late"
    if judged.original.ruling.verdict != judged.current.ruling.verdict:
        yield "both bases, two verdicts"


def _on_the_way(arrived: list[tuple[Instant, Fact]]) -> Iterator[str]:
    case = Case()
    for clock, fact in arrived:
        add_fact(case, fact, POLICIES, clock)
        for change in settle(case, POLICIES, clock):
            yield from _of_change(change)


def _in_the_fold(history: list[Fact]) -> Iterator[str]:
    state = CaseState()
    for fact in KnownHistory.at(history, END).facts:
        promises = state.promises.items()
        before = {key: (one.original, one.current, completed_at(state, one)) for key, one in promises}
        apply(state, fact, POLICIES)
        for key, promise in state.promises.items():
            original, current, completed = before.get(key, (promise.original, promise.current, NEVER))
            if fact.type == FactType.AMENDED and current != promise.current:
                yield "a promise amended"
                yield from ["a promise amended by the customer in time"] * (original != promise.original)
            if completed_at(state, promise) > completed:
                yield "undone after it was delivered"
            if fact.type == FactType.STATED and any(key == PromiseKey(fact.subject, one.kind, 1) for one in fact.terms):
                yield _what_was_stated(before.get(key), promise, fact)


def _what_was_stated(known: tuple[Window, Window, Instant] | None, promise: Promise, fact: Fact) -> str:
    if known is None:
        return "a promise that was first stated"
    _, current, _ = known
    if current != promise.current:
        return "a promise stated otherwise than before"
    is_amended = current.due != fact.terms[0].due
    return "a promise stated as before" + " after it was amended" * (is_amended and known[2] == NEVER)


def _of_change(change: Change) -> Iterator[str]:
    before, after = change.before, change.after
    if after.retracted:
        yield "a promise retracted"
    if after.revision > 0:
        yield "a verdict revised"
    if before and not after.retracted and before.location and before.location != after.location:
        yield "a promise that moved to another shop"
