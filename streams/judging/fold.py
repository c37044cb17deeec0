"""The fold: facts applied to the state of a case, one at a time.

`apply` takes a fact that is later than all before it. For a fact out of order, or a correction, `fold` applies the
whole history again by the same function, so the result does not depend on the order of arrival.
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
    """Return the state of a case after `facts`, which are in order."""
    state = CaseState()
    for fact in facts:
        apply(state, fact, policies)
    return state


def apply(state: CaseState, fact: Fact, policies: Policies) -> bool:
    """Apply a fact to `state` in place. Return False if it changed nothing."""
    handler = _HANDLERS[fact.type]
    if handler is None:
        return False
    has_new_attributes = _add_attributes(state, fact)
    has_new_assignment = bool(fact.staff) and _add_assignment(state, fact)
    return handler(state, fact, policies) or has_new_attributes or has_new_assignment


def _add_attributes(state: CaseState, fact: Fact) -> bool:
    location, channel, segment = state.attributes
    if (location or not fact.location) and (channel or not fact.channel) and (segment or not fact.segment):
        return False
    state.attributes = Attributes(location or fact.location, channel or fact.channel, segment or fact.segment)
    return True


def _add_assignment(state: CaseState, fact: Fact) -> bool:
    assignments = state.assignments
    if assignments and assignments[-1].staff == fact.staff and assignments[-1].subject == fact.subject:
        return False
    assignments.append(Assignment(fact.at, fact.subject, fact.staff))
    return True


def _assigned(state: CaseState, fact: Fact, policies: Policies) -> bool:
    """Do nothing: `apply` adds the assignment for every fact that names staff."""
    return False


def _made(state: CaseState, fact: Fact, policies: Policies) -> bool:
    for terms in fact.terms:
        key = PromiseKey(fact.subject, terms.kind, terms.ordinal)
        _add_promise(state, key, state.promises.get(key), fact, terms, policies)
    return bool(fact.terms)


def _add_promise(
    state: CaseState, key: PromiseKey, existing: Promise | None, fact: Fact, terms: Terms, policies: Policies
) -> None:
    if existing is None or (existing.started_by and _is_before_breach(existing, fact)):
        state.promises[key] = _new_promise(key, state, fact, terms, policies)
    else:
        _change_window(state, existing, fact, terms)
        existing.started_by = ""  # it is now given, and no longer depends on the step


def _stated(state: CaseState, fact: Fact, policies: Policies) -> bool:
    """Apply the promises that differ from the last statement. A repeated snapshot overrides no later agreement."""
    is_new = False
    for terms in fact.terms:
        key, window = PromiseKey(fact.subject, terms.kind, terms.ordinal), Window(terms.opens, terms.due)
        existing = state.promises.get(key)
        if existing is None or existing.started_by or window != _last_stated(state, existing):
            _add_promise(state, key, existing, fact, terms, policies)
            if window != _last_stated(state, state.promises[key]):
                _rare_state(state).stated[key] = window
            is_new = True
    return is_new


def _last_stated(state: CaseState, promise: Promise) -> Window:
    """Return the window that was last stated for `promise`; the original window if none was."""
    rare = state.rare
    return promise.original if rare is None else rare.stated.get(promise.key, promise.original)


def _rare_state(state: CaseState) -> RareState:
    if state.rare is None:
        state.rare = RareState()
    return state.rare


def _new_promise(key: PromiseKey, state: CaseState, fact: Fact, terms: Terms, policies: Policies) -> Promise:
    return Promise(  # by position: keywords cost instructions
        key,
        policies.policy_for(terms.kind, _attributes(state, fact), fact.at),
        fact.at,
        terms.origin,
        fact.location,
        Window(terms.opens, terms.due),
    )


def _amended(state: CaseState, fact: Fact, policies: Policies) -> bool:
    for terms in fact.terms:
        promise = state.promises.get(PromiseKey(fact.subject, terms.kind, terms.ordinal))
        if promise is not None:
            _change_window(state, promise, fact, terms)
    return True


def _change_window(state: CaseState, promise: Promise, fact: Fact, terms: Terms) -> None:
    """Change the window of an open promise, on the current basis.

    The original basis changes too if the customer asked for it before the promise was broken.
    """
    if ending(state, promise) is not None or completed_at(state, promise) != NEVER:
        return
    window = Window(terms.opens, terms.due)
    if fact.type is FactType.AMENDED and fact.name == "customer" and _is_before_breach(promise, fact):
        if not promise.started_by:  # remember the window that was stated, which the original one no longer is
            _rare_state(state).stated.setdefault(promise.key, promise.original)
        promise.original = window
    promise.amended = None if window == promise.original else window


def _is_before_breach(promise: Promise, fact: Fact) -> bool:
    """Return whether `fact` came before the promise was broken. What comes later cannot undo the breach."""
    return fact.at <= promise.original.due + promise.policy.grace


def _reached(state: CaseState, fact: Fact, policies: Policies) -> bool:
    if fact.name not in policies.steps:
        return False
    reached = state.steps.setdefault(fact.subject, {})
    if fact.name in reached:  # the first time counts
        return False
    reached[fact.name] = fact.at
    if fact.quality == _PROXY:
        _rare_state(state).proxies.setdefault(fact.subject, []).append(fact.name)
    if fact.name in policies.starts:
        _add_assumed_promises(state, fact, policies)
    return True


def _add_assumed_promises(state: CaseState, fact: Fact, policies: Policies) -> None:
    """Add the assumed promises that this step starts."""
    for policy in policies.policies_started_by(fact.name, _attributes(state, fact), fact.at):
        promise = _assumed_promise(fact, policy)
        state.promises.setdefault(promise.key, promise)


def _assumed_promise(fact: Fact, policy: Policy) -> Promise:
    assert policy.assumed is not None
    return Promise(  # by position: keywords cost instructions
        PromiseKey(fact.subject, policy.kind, 1),
        policy,
        fact.at,
        "assumed",
        fact.location,
        Window(0, fact.at + policy.assumed.within),
        started_by=fact.name,
    )


def _undone(state: CaseState, fact: Fact, policies: Policies) -> bool:
    reached = state.steps.get(fact.subject)
    if reached is not None and reached.pop(fact.name, None) is not None and not reached:
        del state.steps[fact.subject]
    if state.rare is not None and fact.name in state.rare.proxies.get(fact.subject, ()):
        state.rare.proxies[fact.subject].remove(fact.name)
    for key in [key for key, promise in state.promises.items() if promise.started_by == fact.name]:
        if key.subject == fact.subject:  # an assumed promise goes with the step that started it
            del state.promises[key]
    return True


def _withdrawn(state: CaseState, fact: Fact, policies: Policies) -> bool:
    for terms in fact.terms:
        promise = state.promises.get(PromiseKey(fact.subject, terms.kind, terms.ordinal))
        if promise is not None and promise.withdrawn is None:
            promise.withdrawn = _ending(fact)
    return True


def _cancelled(state: CaseState, fact: Fact, policies: Policies) -> bool:
    state.cancelled.setdefault(fact.subject, _ending(fact))
    return True


def _ending(fact: Fact) -> Ending:
    return Ending(fact.at, "us" if fact.name == "us" else "customer")


def _attributes(state: CaseState, fact: Fact) -> Attributes:
    """Return the attributes of `fact`, completed by those first named in the case."""
    first_named = state.attributes
    location, channel, segment = first_named
    if fact.location in ("", location) and fact.channel in ("", channel) and fact.segment in ("", segment):
        return first_named
    return Attributes(fact.location or location, fact.channel or channel, fact.segment or segment)


def completed_at(state: CaseState, promise: Promise) -> Instant:
    """Return when the first step that keeps `promise` was reached; NEVER if none was, or all were undone."""
    first = NEVER
    reached = state.steps.get(promise.key.subject)
    if reached:
        for step in promise.policy.kept_by:
            at = reached.get(step)
            if at is not None and at < first:
                first = at
    return first


def is_assumed(state: CaseState, promise: Promise, completed: Instant) -> bool:
    """Return whether only a proxy says that `promise` was delivered at `completed`."""
    rare = state.rare
    if rare is None:
        return False
    subject = promise.key.subject
    reached, proxies = state.steps[subject], rare.proxies.get(subject, [])
    return all(step in proxies for step in promise.policy.kept_by if reached.get(step) == completed)


def ending(state: CaseState, promise: Promise) -> Ending | None:
    """Return what ended `promise` first: its withdrawal, or the cancellation of its subject or of the whole case."""
    first = promise.withdrawn
    cancelled = state.cancelled
    if cancelled:
        for subject in (promise.key.subject, ""):
            end = cancelled.get(subject)
            if end is not None and (first is None or end.at < first.at):
                first = end
    return first


_PROXY: Final = QUALITIES.index("proxy")

_HANDLERS: Final[list[Callable[[CaseState, Fact, Policies], bool] | None]] = [None] * len(FactType)
_HANDLERS[FactType.STATED] = _stated
_HANDLERS[FactType.MADE] = _made
_HANDLERS[FactType.AMENDED] = _amended
_HANDLERS[FactType.ASSIGNED] = _assigned
_HANDLERS[FactType.REACHED] = _reached
_HANDLERS[FactType.UNDONE] = _undone
_HANDLERS[FactType.WITHDRAWN] = _withdrawn
_HANDLERS[FactType.CANCELLED] = _cancelled
"""By FactType. Holds do not change a judgement, and corrections are applied to the history before the fold."""
