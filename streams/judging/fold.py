"""The fold: one fact more onto the standing of a case.

`apply` takes a fact that is later than all before it. A fact out of order, or a correction, folds the history again by
the same function (`fold`): incremental equals from scratch because there is one way to take a step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from schemas.instants import NEVER, Instant
from schemas.words import QUALITIES
from streams.judging.case import Assignment, CaseState, Ending, Promise, PromiseKey, RareState, Window
from streams.judging.facts import Fact, FactType, Terms
from streams.judging.policy import Attributes, Policies, Policy


def fold(facts: Iterable[Fact], policies: Policies) -> CaseState:
    """The standing of a case after `facts`, which are in order."""
    standing = CaseState()
    for fact in facts:
        apply(standing, fact, policies)
    return standing


def apply(standing: CaseState, fact: Fact, policies: Policies) -> bool:
    """One step of the fold, on a standing that belongs to the caller. False if it left everything as it was."""
    step = _STEPS[fact.what]
    if step is None:
        return False
    is_named = _name_attributes(standing, fact)
    is_taken = bool(fact.staff) and _take_in_hand(standing, fact)
    return step(standing, fact, policies) or is_named or is_taken


def _name_attributes(standing: CaseState, fact: Fact) -> bool:
    location, channel, segment = standing.attributes
    if (location or not fact.location) and (channel or not fact.channel) and (segment or not fact.segment):
        return False
    standing.attributes = Attributes(location or fact.location, channel or fact.channel, segment or fact.segment)
    return True


def _take_in_hand(standing: CaseState, fact: Fact) -> bool:
    hands = standing.hands
    if hands and hands[-1].staff == fact.staff and hands[-1].subject == fact.subject:
        return False
    hands.append(Assignment(fact.at, fact.subject, fact.staff))
    return True


def _assigned(standing: CaseState, fact: Fact, policies: Policies) -> bool:
    """An assignment has said all when it has named its staff."""
    return False


def _made(standing: CaseState, fact: Fact, policies: Policies) -> bool:
    for terms in fact.terms:
        key = PromiseKey(fact.subject, terms.kind, terms.ordinal)
        _promise(standing, key, standing.promises.get(key), fact, terms, policies)
    return bool(fact.terms)


def _promise(
    standing: CaseState, key: PromiseKey, known: Promise | None, fact: Fact, terms: Terms, policies: Policies
) -> None:
    if known is None or (known.started_by and _is_in_time(known, fact)):
        standing.promises[key] = _given(key, standing, fact, terms, policies)
    else:
        _promise_again(standing, known, fact, terms)
        known.started_by = ""  # now it was said, and stands without the step


def _stated(standing: CaseState, fact: Fact, policies: Policies) -> bool:
    """What is stated as it was before says nothing: so a snapshot takes back nothing that was agreed elsewhere."""
    is_new = False
    for terms in fact.terms:
        key, window = PromiseKey(fact.subject, terms.kind, terms.ordinal), Window(terms.opens, terms.due)
        known = standing.promises.get(key)
        if known is None or known.started_by or window != _last_stated(standing, known):
            _promise(standing, key, known, fact, terms, policies)
            if window != _last_stated(standing, standing.promises[key]):
                _aside(standing).stated[key] = window
            is_new = True
    return is_new


def _last_stated(standing: CaseState, promise: Promise) -> Window:
    """What was last stated of `promise`; what it was made with, where nothing was."""
    aside = standing.aside
    return promise.original if aside is None else aside.stated.get(promise.key, promise.original)


def _aside(standing: CaseState) -> RareState:
    if standing.aside is None:
        standing.aside = RareState()
    return standing.aside


def _given(key: PromiseKey, standing: CaseState, fact: Fact, terms: Terms, policies: Policies) -> Promise:
    return Promise(
        key,
        policies.of(terms.kind, _attributes(standing, fact), fact.at),
        fact.at,
        terms.origin,
        fact.location,
        Window(terms.opens, terms.due),
    )


def _amended(standing: CaseState, fact: Fact, policies: Policies) -> bool:
    for terms in fact.terms:
        promise = standing.promises.get(PromiseKey(fact.subject, terms.kind, terms.ordinal))
        if promise is not None:
            _promise_again(standing, promise, fact, terms)
    return True


def _promise_again(standing: CaseState, promise: Promise, fact: Fact, terms: Terms) -> None:
    """Another due for a promise: the current basis follows it, the original one only at the customer's wish in time."""
    if ending(standing, promise) is not None or completed_at(standing, promise) != NEVER:
        return
    window = Window(terms.opens, terms.due)
    if fact.what is FactType.AMENDED and fact.name == "customer" and _is_in_time(promise, fact):
        if not promise.started_by:  # the original window no longer says what was stated
            _aside(standing).stated.setdefault(promise.key, promise.original)
        promise.original = window
    promise.amended = None if window == promise.original else window


def _is_in_time(promise: Promise, fact: Fact) -> bool:
    """Whether `fact` came before the promise was broken: a breach is not undone by what is said afterwards."""
    return fact.at <= promise.original.due + promise.policy.grace


def _reached(standing: CaseState, fact: Fact, policies: Policies) -> bool:
    if fact.name not in policies.steps:
        return False
    reached = standing.steps.setdefault(fact.subject, {})
    if fact.name in reached:  # the first time counts
        return False
    reached[fact.name] = fact.at
    if fact.quality == _PROXY:
        _aside(standing).proxies.setdefault(fact.subject, []).append(fact.name)
    if fact.name in policies.starts:
        _assume(standing, fact, policies)
    return True


def _assume(standing: CaseState, fact: Fact, policies: Policies) -> None:
    """Make the promises that nobody spoke and that this step starts."""
    for policy in policies.starting(fact.name, _attributes(standing, fact), fact.at):
        promise = _assumed(fact, policy)
        standing.promises.setdefault(promise.key, promise)


def _assumed(fact: Fact, policy: Policy) -> Promise:
    assert policy.assumed is not None
    return Promise(
        PromiseKey(fact.subject, policy.kind, 1),
        policy,
        fact.at,
        "assumed",
        fact.location,
        Window(0, fact.at + policy.assumed.within),
        started_by=fact.name,
    )


def _undone(standing: CaseState, fact: Fact, policies: Policies) -> bool:
    reached = standing.steps.get(fact.subject)
    if reached is not None and reached.pop(fact.name, None) is not None and not reached:
        del standing.steps[fact.subject]
    if standing.aside is not None and fact.name in standing.aside.proxies.get(fact.subject, ()):
        standing.aside.proxies[fact.subject].remove(fact.name)
    for key in [key for key, promise in standing.promises.items() if promise.started_by == fact.name]:
        if key.subject == fact.subject:  # an assumed promise stands and falls with the step that started it
            del standing.promises[key]
    return True


def _withdrawn(standing: CaseState, fact: Fact, policies: Policies) -> bool:
    for terms in fact.terms:
        promise = standing.promises.get(PromiseKey(fact.subject, terms.kind, terms.ordinal))
        if promise is not None and promise.withdrawn is None:
            promise.withdrawn = _ending(fact)
    return True


def _cancelled(standing: CaseState, fact: Fact, policies: Policies) -> bool:
    standing.cancelled.setdefault(fact.subject, _ending(fact))
    return True


def _ending(fact: Fact) -> Ending:
    return Ending(fact.at, "us" if fact.name == "us" else "customer")


def _attributes(standing: CaseState, fact: Fact) -> Attributes:
    """What `fact` says of itself, and else what was first said."""
    named = standing.attributes
    location, channel, segment = named
    if fact.location in ("", location) and fact.channel in ("", channel) and fact.segment in ("", segment):
        return named
    return Attributes(fact.location or location, fact.channel or channel, fact.segment or segment)


def completed_at(standing: CaseState, promise: Promise) -> Instant:
    """When the first step that keeps `promise` was reached; NEVER if none was, or all were undone."""
    first = NEVER
    reached = standing.steps.get(promise.key.subject)
    if reached:
        for step in promise.policy.kept_by:
            at = reached.get(step)
            if at is not None and at < first:
                first = at
    return first


def is_assumed(standing: CaseState, promise: Promise, completed: Instant) -> bool:
    """Whether that `promise` was delivered at `completed` is known by a proxy alone."""
    aside = standing.aside
    if aside is None:
        return False
    subject = promise.key.subject
    reached, proxies = standing.steps[subject], aside.proxies.get(subject, [])
    return all(step in proxies for step in promise.policy.kept_by if reached.get(step) == completed)


def ending(standing: CaseState, promise: Promise) -> Ending | None:
    """What ended `promise` first: its withdrawal, or the cancellation of its subject or of the whole case."""
    first = promise.withdrawn
    cancelled = standing.cancelled
    if cancelled:
        for subject in (promise.key.subject, ""):
            end = cancelled.get(subject)
            if end is not None and (first is None or end.at < first.at):
                first = end
    return first


_PROXY: Final = QUALITIES.index("proxy")

_STEPS: Final[list[Callable[[CaseState, Fact, Policies], bool] | None]] = [None] * len(FactType)
_STEPS[FactType.STATED] = _stated
_STEPS[FactType.MADE] = _made
_STEPS[FactType.AMENDED] = _amended
_STEPS[FactType.ASSIGNED] = _assigned
_STEPS[FactType.REACHED] = _reached
_STEPS[FactType.UNDONE] = _undone
_STEPS[FactType.WITHDRAWN] = _withdrawn
_STEPS[FactType.CANCELLED] = _cancelled
"""Holds do not change a judgement, and a correction speaks of another fact: neither is a step."""
