"""The fold: one fact more onto the standing of a case.

`apply` takes a fact that is later than all before it. A fact out of order, or a correction, folds the history again by
the same function (`fold`): incremental equals from scratch because there is one way to take a step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from schemas.instants import NEVER, Instant
from streams.judging.case import NOT_ENDED, Ending, Hand, Promise, PromiseKey, Standing, Window
from streams.judging.history import Fact, Terms, What
from streams.judging.policy import Attributes, Policies, Policy


def fold(facts: Iterable[Fact], policies: Policies) -> Standing:
    """The standing of a case after `facts`, which are in order."""
    standing = Standing()
    for fact in facts:
        apply(standing, fact, policies)
    return standing


def apply(standing: Standing, fact: Fact, policies: Policies) -> bool:
    """One step of the fold, on a standing that belongs to the caller. False if it left everything as it was."""
    step = _STEPS.get(fact.what)
    if step is None:
        return False
    is_named = _name_attributes(standing, fact)
    is_taken = _take_in_hand(standing, fact)
    return step(standing, fact, policies) or is_named or is_taken


def _name_attributes(standing: Standing, fact: Fact) -> bool:
    before = standing.attributes
    standing.attributes = before.or_else(Attributes(fact.location, fact.channel, fact.segment))
    return standing.attributes != before


def _take_in_hand(standing: Standing, fact: Fact) -> bool:
    hands = standing.hands
    if not fact.staff or (hands and hands[-1].staff == fact.staff and hands[-1].subject == fact.subject):
        return False
    hands.append(Hand(fact.at, fact.subject, fact.staff))
    return True


def _assigned(standing: Standing, fact: Fact, policies: Policies) -> bool:
    """An assignment has said all when it has named its staff."""
    return False


def _made(standing: Standing, fact: Fact, policies: Policies) -> bool:
    for terms in fact.terms:
        key = PromiseKey(fact.subject, terms.kind, terms.ordinal)
        known = standing.promises.get(key)
        if known is None or (known.started_by and _is_in_time(known, fact)):
            standing.promises[key] = _given(standing, fact, terms, policies)
        else:
            _promise_again(standing, known, fact, terms)
            known.started_by = ""  # now it was said, and stands without the step
    return bool(fact.terms)


def _given(standing: Standing, fact: Fact, terms: Terms, policies: Policies) -> Promise:
    attributes = _attributes(standing, fact)
    window = Window(terms.opens, terms.due)
    return Promise(
        key=PromiseKey(fact.subject, terms.kind, terms.ordinal),
        policy=policies.of(terms.kind, attributes, fact.at),
        made_at=fact.at,
        origin=terms.origin,
        location=fact.location,
        original=window,
        current=window,
    )


def _amended(standing: Standing, fact: Fact, policies: Policies) -> bool:
    for terms in fact.terms:
        promise = standing.promises.get(PromiseKey(fact.subject, terms.kind, terms.ordinal))
        if promise is not None:
            _promise_again(standing, promise, fact, terms)
    return True


def _promise_again(standing: Standing, promise: Promise, fact: Fact, terms: Terms) -> None:
    """Another due for a promise: the current basis follows it, the original one only at the customer's wish in time."""
    if min(completed_at(standing, promise), ending(standing, promise).at) != NEVER:
        return
    promise.current = Window(terms.opens, terms.due)
    if fact.what == What.AMENDED and fact.name == "customer" and _is_in_time(promise, fact):
        promise.original = promise.current


def _is_in_time(promise: Promise, fact: Fact) -> bool:
    """Whether `fact` came before the promise was broken: a breach is not undone by what is said afterwards."""
    return fact.at <= promise.original.due + promise.policy.grace


def _reached(standing: Standing, fact: Fact, policies: Policies) -> bool:
    key = fact.subject, fact.name
    if fact.name not in policies.steps or key in standing.steps:  # the first time counts
        return False
    standing.steps[key] = fact.at
    for policy in policies.starting(fact.name, _attributes(standing, fact), fact.at):
        promise = _assumed(fact, policy)
        standing.promises.setdefault(promise.key, promise)
    return True


def _assumed(fact: Fact, policy: Policy) -> Promise:
    assert policy.assumed is not None
    window = Window(0, fact.at + policy.assumed.within)
    return Promise(
        key=PromiseKey(fact.subject, policy.kind, 1),
        policy=policy,
        made_at=fact.at,
        origin="assumed",
        location=fact.location,
        original=window,
        current=window,
        started_by=fact.name,
    )


def _undone(standing: Standing, fact: Fact, policies: Policies) -> bool:
    standing.steps.pop((fact.subject, fact.name), None)
    for key in [key for key, promise in standing.promises.items() if promise.started_by == fact.name]:
        if key.subject == fact.subject:  # an assumed promise stands and falls with the step that started it
            del standing.promises[key]
    return True


def _withdrawn(standing: Standing, fact: Fact, policies: Policies) -> bool:
    for terms in fact.terms:
        promise = standing.promises.get(PromiseKey(fact.subject, terms.kind, terms.ordinal))
        if promise is not None and promise.withdrawn.at == NEVER:
            promise.withdrawn = _ending(fact)
    return True


def _cancelled(standing: Standing, fact: Fact, policies: Policies) -> bool:
    standing.cancelled.setdefault(fact.subject, _ending(fact))
    return True


def _ending(fact: Fact) -> Ending:
    return Ending(fact.at, "us" if fact.name == "us" else "customer")


def _attributes(standing: Standing, fact: Fact) -> Attributes:
    return Attributes(fact.location, fact.channel, fact.segment).or_else(standing.attributes)


def completed_at(standing: Standing, promise: Promise) -> Instant:
    """When the first step that keeps `promise` was reached; NEVER if none was, or all were undone."""
    subject, steps = promise.key.subject, standing.steps
    return min(steps.get((subject, step), NEVER) for step in promise.policy.kept_by)


def ending(standing: Standing, promise: Promise) -> Ending:
    """What ended `promise` first: its withdrawal, or the cancellation of its subject or of the whole case."""
    cancelled = standing.cancelled
    if not cancelled:
        return promise.withdrawn
    return min(
        promise.withdrawn,
        cancelled.get(promise.key.subject, NOT_ENDED),
        cancelled.get("", NOT_ENDED),
        key=lambda ending: ending.at,
    )


_STEPS: Final[dict[What, Callable[[Standing, Fact, Policies], bool]]] = {
    What.MADE: _made,
    What.AMENDED: _amended,
    What.ASSIGNED: _assigned,
    What.REACHED: _reached,
    What.UNDONE: _undone,
    What.WITHDRAWN: _withdrawn,
    What.CANCELLED: _cancelled,
}
"""Holds do not change a judgement, and a correction speaks of another fact: neither is a step."""
