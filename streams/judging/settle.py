"""The judgement: from the standing of a case and an instant to a ruling on every promise, on both bases."""

from __future__ import annotations

from typing import Literal, NamedTuple

from schemas.instants import NEVER, Instant
from schemas.words import AT_RISK, EARLY, IN_GRACE, LATE, ON_TIME, PENDING, UNDELIVERED, Ruling
from streams.judging.accountability import in_hand
from streams.judging.case import Case, Ending, Judged, Outcome, Promise, PromiseKey, Standing, Window
from streams.judging.fold import apply, completed_at, ending, fold
from streams.judging.history import Fact, History, Known, What, insert
from streams.judging.policy import Policies, Policy


class Change(NamedTuple):
    """One promise judged otherwise than before. `before` is None when it was never judged; `promise` is None when the
    history holds it no longer: then `after` is the last judgement, retracted."""

    key: PromiseKey
    promise: Promise | None
    before: Judged | None
    after: Judged


class Judgement(NamedTuple):
    """The promises of a case with how each is judged, and when that next changes by itself."""

    promises: tuple[tuple[Promise, Judged], ...]
    wake_at: Instant


def judge(history: History, policies: Policies, now: Instant) -> Judgement:
    """The judgement of a history at `now`, from scratch. What happened after `now` is not yet known."""
    case = Case(history=history)
    learn(case, policies, now)
    settle(case, policies, now)
    promises = case.standing.promises
    return Judgement(tuple((promise, case.judged[key]) for key, promise in promises.items()), case.wake_at)


Taken = Literal["known", "unnoticed", "noticed"]
"""What a fact was to a case: nothing new; new, but the standing is as before, and so is the judgement; or more."""


def take(case: Case, fact: Fact, policies: Policies, now: Instant) -> Taken:
    """Learn one more fact of `case`. A fact in order is one step; others fold the history again."""
    if not insert(case.history, fact):
        return "known"
    if fact.at <= now and _is_next(case, fact):
        case.folded += 1
        return "noticed" if apply(case.standing, fact, policies) else "unnoticed"
    learn(case, policies, now)
    return "noticed"


def _is_next(case: Case, fact: Fact) -> bool:
    """Whether `fact` comes after all others, which are all folded, and took no other's place."""
    is_last = fact is case.history[-1] and case.folded == len(case.history) - 1 and case.more_at == NEVER
    return is_last and not case.corrected and fact.what != What.CORRECTED


def learn(case: Case, policies: Policies, now: Instant) -> None:
    """Fold all that is known at `now`, again."""
    known = Known.at(case.history, now)
    case.standing = fold(known.facts, policies)
    case.folded = len(known.facts)
    case.corrected = any(fact.what == What.CORRECTED for fact in case.history)
    case.more_at = known.more_at


def settle(case: Case, policies: Policies, now: Instant) -> list[Change]:
    """Judge every promise of `case` at `now`, note the judgements in it, and say which changed."""
    if case.more_at <= now:
        learn(case, policies, now)
    wake_at = case.more_at
    changes: list[Change] = []
    for key, promise in case.standing.promises.items():
        before = case.judged.get(key)
        after, changes_at = _judged(case.standing, promise, before, now)
        wake_at = min(wake_at, changes_at)
        if after is not before:
            changes.append(Change(key, promise, before, after))
            case.judged[key] = after
    if len(case.judged) > len(case.standing.promises):
        changes += _retract(case)
    case.wake_at = wake_at
    return changes


def _judged(standing: Standing, promise: Promise, before: Judged | None, now: Instant) -> tuple[Judged, Instant]:
    """How `promise` is judged now (`before` itself if nothing changed), and when that changes by itself."""
    completed, end = completed_at(standing, promise), ending(standing, promise)
    original = current = _outcome(standing, promise, promise.original, completed, end, now)
    wake_at = next_change(promise.policy, original)
    if promise.current != promise.original:
        current = _outcome(standing, promise, promise.current, completed, end, now)
        wake_at = min(wake_at, next_change(promise.policy, current))
    location = promise.location or standing.attributes.location
    if before and (original, current, location, False) == (
        before.original,
        before.current,
        before.location,
        before.retracted,
    ):
        return before, wake_at
    return _next(before, original, current, location), wake_at


def _next(before: Judged | None, original: Outcome, current: Outcome, location: str) -> Judged:
    """The judgement after `before`: a new revision once anything but open was said, and ever after."""
    was = before or _NEVER_JUDGED
    settled = (
        was.settled[0] or original.ruling.verdict != "open",
        was.settled[1] or current.ruling.verdict != "open",
    )
    return Judged(
        original,
        current,
        location,
        revision=was.revision + 1 if True in settled else -1,
        settled=settled,
        delivered=(
            was.delivered[0] or original.lateness is not None,
            was.delivered[1] or current.lateness is not None,
        ),
        at_risk=_also(was.at_risk, current, AT_RISK),
        overdue=_also(was.overdue, current, UNDELIVERED),
    )


def _also(dues: tuple[Instant, ...], outcome: Outcome, ruling: Ruling) -> tuple[Instant, ...]:
    """`dues`, and that of `outcome` if it is so ruled and new."""
    return dues if outcome.ruling is not ruling or outcome.due in dues else (*dues, outcome.due)


_NOTHING = Outcome(PENDING, 0, None, "")
_NEVER_JUDGED = Judged(_NOTHING, _NOTHING, "")


def _retract(case: Case) -> list[Change]:
    """Judgements of promises that the history no longer holds. They are remembered, so that a revision number is
    never used twice."""
    changes: list[Change] = []
    for key, before in case.judged.items():
        if key not in case.standing.promises and not before.retracted:
            published = before.revision >= 0
            after = before._replace(retracted=True, revision=before.revision + published)
            changes.append(Change(key, None, before, after))
    for change in changes:
        case.judged[change.key] = change.after
    return changes


def _outcome(
    standing: Standing, promise: Promise, window: Window, completed: Instant, end: Ending, now: Instant
) -> Outcome:
    ruling = rule(promise.policy, window, completed, end, now)
    lateness = completed - window.due if completed <= end.at and completed != NEVER else None
    decided_at = min(completed, end.at, window.due, now)
    return Outcome(ruling, window.due, lateness, in_hand(standing.hands, promise.key.subject, decided_at))


def rule(policy: Policy, window: Window, completed: Instant, end: Ending, now: Instant) -> Ruling:
    """The ruling on a promise: what came first of its end, its delivery and its deadline decides."""
    if end.at < completed:
        return _cancelled(policy, window, end)
    if completed != NEVER:
        return _delivered(policy, window, completed)
    return _awaited(policy, window, now)


def _cancelled(policy: Policy, window: Window, end: Ending) -> Ruling:
    verdict = policy.cancelled.verdict(end.by, after_due=end.at > window.due + policy.grace)
    return Ruling(verdict, "cancelled_by_us" if end.by == "us" else "cancelled_by_customer")


def _delivered(policy: Policy, window: Window, completed: Instant) -> Ruling:
    if completed > window.due + policy.grace:
        return LATE
    if completed < window.opens and policy.early == "broken":
        return EARLY
    return IN_GRACE if completed > window.due else ON_TIME


def _awaited(policy: Policy, window: Window, now: Instant) -> Ruling:
    if now > window.due + policy.grace:
        return UNDELIVERED
    return AT_RISK if policy.at_risk and now >= window.due - policy.at_risk else PENDING


def next_change(policy: Policy, outcome: Outcome) -> Instant:
    """When time alone changes `outcome`."""
    if outcome.ruling is PENDING and policy.at_risk:
        return outcome.due - policy.at_risk
    if outcome.ruling is PENDING or outcome.ruling is AT_RISK:
        return outcome.due + policy.grace + 1
    return NEVER
