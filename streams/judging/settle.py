"""The judgement: from the standing of a case and an instant to a ruling on every promise, on both bases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from schemas import words
from schemas.instants import NEVER, Instant
from schemas.values import replace
from schemas.words import RULINGS, Ruling
from streams.judging.case import (
    OPEN_CODES,
    Assignment,
    Case,
    CaseState,
    Change,
    Ending,
    Judged,
    Outcome,
    Promise,
    Window,
)
from streams.judging.facts import Fact, FactType
from streams.judging.fold import apply, completed_at, ending, fold, is_assumed
from streams.judging.history import History, KnownHistory, insert
from streams.judging.policy import Policies, Policy


def staff_in_charge(assignments: Iterable[Assignment], subject: str, at: Instant) -> str:
    """The staff member who last took `subject`, or the case as a whole, in hand by `at`.

    If nobody had yet, the first one who did later; empty if nobody ever did.
    """
    staff = ""
    for assignment in assignments:
        if assignment.subject and assignment.subject != subject:
            continue
        if assignment.at > at:
            return staff or assignment.staff
        staff = assignment.staff
    return staff


_CODES: Final = {ruling: code for code, ruling in enumerate(RULINGS)}
_ON_TIME: Final = _CODES[words.ON_TIME]
_IN_GRACE: Final = _CODES[words.IN_GRACE]
_LATE: Final = _CODES[words.LATE]
_UNDELIVERED: Final = _CODES[words.UNDELIVERED]
_EARLY: Final = _CODES[words.EARLY]
_PENDING: Final = _CODES[words.PENDING]
_AT_RISK: Final = _CODES[words.AT_RISK]
_UNCONFIRMED: Final = _CODES[words.UNCONFIRMED]


class Judgement(NamedTuple):
    """The promises of a case with how each is judged, and when that next changes by itself."""

    promises: tuple[tuple[Promise, Judged], ...]
    wake_at: Instant


def judge(
    history: History, policies: Policies, now: Instant, complete_until: Instant = NEVER, stale_until: Instant = 0
) -> Judgement:
    """The judgement of a history at `now`, from scratch. What happened after `now` is not yet known.

    `known` and `lapsed` as in `settle`.
    """
    case = Case()
    _refold(case, history, policies, now)
    settle(case, policies, now, complete_until, stale_until)
    promises = case.state.promises
    return Judgement(tuple((promise, case.judged[key]) for key, promise in promises.items()), case.wake_at)


Addition = Literal["known", "unnoticed", "noticed"]
"""What a fact was to a case: nothing new; new, but the standing is as before, and so is the judgement; or more."""


def add_fact(case: Case, fact: Fact, policies: Policies, now: Instant) -> Addition:
    """Learn one more fact of `case`. A fact in order is one step; others fold the history again."""
    if fact.at > case.last_at and not (case.count and case.may_contain(fact.id)):
        case.append(fact)
    else:
        history = case.history
        if not insert(history, fact):
            return "known"
        is_next = fact is history[-1] and len(history) == case.count + 1  # it took no other's place
        case.replace_history(history)
        if not is_next:
            _refold(case, history, policies, now)
            return "noticed"
    if _is_next_step(case, fact, now):
        return "noticed" if apply(case.state, fact, policies) else "unnoticed"
    _refold(case, case.history, policies, now)
    return "noticed"


def _is_next_step(case: Case, fact: Fact, now: Instant) -> bool:
    """Whether `fact`, which comes after all others, is one step more of the fold."""
    return fact.at <= now and case.next_fact_at == NEVER and not case.corrected and fact.type is not FactType.CORRECTED


def _refold(case: Case, history: History, policies: Policies, now: Instant) -> None:
    """Fold all that is known at `now`, again."""
    known = KnownHistory.at(history, now)
    case.state = fold(known.facts, policies)
    case.corrected = any(fact.type is FactType.CORRECTED for fact in history)
    case.next_fact_at = known.next_fact_at


def add_due_facts(case: Case, policies: Policies, now: Instant) -> None:
    """Learn what lay ahead of the clock and has happened by `now`."""
    _refold(case, case.history, policies, now)


def settle(
    case: Case, policies: Policies, now: Instant, complete_until: Instant = NEVER, stale_until: Instant = 0
) -> list[Change]:
    """Judge every promise of `case` at `now`, note the judgements in it, and say which changed.

    known: the instant up to which it is known that nothing else was delivered, where that is before `now`: a deadline
    after it has not passed yet. lapsed: the instant up to which such deadlines make a promise unconfirmed.
    """
    if complete_until > now:
        complete_until = now
    if case.next_fact_at <= now:
        add_due_facts(case, policies, now)
    wake_at = case.next_fact_at
    changes: list[Change] = []
    for key, promise in case.state.promises.items():
        before = case.judged.get(key)
        after, changes_at = _judged(case.state, promise, before, now, complete_until, stale_until)
        if changes_at < wake_at:
            wake_at = changes_at
        if after is not before:
            changes.append(Change(key, promise, before, after))
            case.judged[key] = after
    if len(case.judged) > len(case.state.promises):
        changes += _retract(case)
    case.wake_at = wake_at
    return changes


def _judged(
    state: CaseState,
    promise: Promise,
    before: Judged | None,
    now: Instant,
    complete_until: Instant,
    stale_until: Instant,
) -> tuple[Judged, Instant]:
    """How `promise` is judged now (`before` itself if nothing changed), and when that changes by itself."""
    completed, end = completed_at(state, promise), ending(state, promise)
    original, amended = (
        _outcome(state, promise, promise.original, completed, end, now, complete_until, stale_until),
        None,
    )
    if complete_until < now and before is not None:
        original = _still_undelivered(before.original, original)
    wake_at = next_change_at(promise.policy, original, complete_until)
    if promise.amended is not None:
        current = _outcome(state, promise, promise.amended, completed, end, now, complete_until, stale_until)
        if complete_until < now and before is not None:
            current = _still_undelivered(before.current, current)
        wake_at = min(wake_at, next_change_at(promise.policy, current, complete_until))
        amended = None if current == original else current
    location = promise.location or state.attributes.location
    assumed = original.lateness is not None and is_assumed(state, promise, completed)
    if before is None:
        return _next_judged(_NEVER_JUDGED, original, amended, location, assumed), wake_at
    is_as_before = original == before.original and amended == before.amended and location == before.location
    if is_as_before and assumed == before.assumed and not before.retracted:
        return before, wake_at
    return _next_judged(before, original, amended, location, assumed), wake_at


def _still_undelivered(before: Outcome, outcome: Outcome) -> Outcome:
    """What was known to be undelivered is not open again because less is known of its feed, or of another."""
    if before.code == _UNDELIVERED and before.due == outcome.due and outcome.code in OPEN_CODES:
        return replace(outcome, code=_UNDELIVERED)
    return outcome


def _next_judged(previous: Judged, original: Outcome, amended: Outcome | None, location: str, assumed: bool) -> Judged:
    """The judgement after `was`: a new revision once anything but open was said, and ever after."""
    current = original if amended is None else amended
    (original_settled, current_settled), (original_delivered, current_delivered) = previous.settled, previous.delivered
    settled = original_settled or original.code not in OPEN_CODES, current_settled or current.code not in OPEN_CODES
    return Judged(
        original,
        amended,
        location,
        previous.revision + 1 if settled[0] or settled[1] else -1,
        False,
        settled,
        (original_delivered or original.lateness is not None, current_delivered or current.lateness is not None),
        _with_due(previous.at_risk, current.due) if current.code == _AT_RISK else previous.at_risk,
        _with_due(previous.overdue, current.due) if current.code == _UNDELIVERED else previous.overdue,
        assumed,
    )


def _with_due(dues: tuple[Instant, ...], due: Instant) -> tuple[Instant, ...]:
    return dues if due in dues else (*dues, due)


_NEVER_JUDGED: Final = Judged(Outcome(_PENDING, 0, None, ""), None, "")


def _retract(case: Case) -> list[Change]:
    """Judgements of promises that the history no longer holds. They are remembered, so that a revision number is
    never used twice."""
    changes: list[Change] = []
    for key, before in case.judged.items():
        if key not in case.state.promises and not before.retracted:
            is_published = before.revision >= 0
            after = replace(before, retracted=True, revision=before.revision + is_published)
            changes.append(Change(key, None, before, after))
    for change in changes:
        case.judged[change.key] = change.after
    return changes


def _outcome(
    state: CaseState,
    promise: Promise,
    window: Window,
    completed: Instant,
    end: Ending | None,
    now: Instant,
    complete_until: Instant,
    stale_until: Instant,
) -> Outcome:
    """How `promise` stands by `window`. What came first of its end, its delivery, its deadline and now decides."""
    due = window.due
    decided_at = due if due < now else now
    lateness = None
    if end is not None and end.at < completed:
        code = _cancelled(promise.policy, window, end)
        decided_at = min(decided_at, end.at)
    elif completed != NEVER:
        code = _delivered(promise.policy, window, completed)
        lateness = completed - due
        decided_at = min(decided_at, completed)
    else:
        code = _undelivered(promise.policy, window, complete_until, stale_until)
    return Outcome(code, due, lateness, staff_in_charge(state.assignments, promise.key.subject, decided_at))


def _cancelled(policy: Policy, window: Window, end: Ending) -> int:
    verdict = policy.cancelled.verdict(end.by, after_due=end.at > window.due + policy.grace)
    return _CODES[Ruling(verdict, "cancelled_by_us" if end.by == "us" else "cancelled_by_customer")]


def _delivered(policy: Policy, window: Window, completed: Instant) -> int:
    if completed > window.due + policy.grace:
        return _LATE
    if completed < window.opens and policy.early == "broken":
        return _EARLY
    return _IN_GRACE if completed > window.due else _ON_TIME


def _undelivered(policy: Policy, window: Window, complete_until: Instant, stale_until: Instant) -> int:
    limit = window.due + policy.grace
    if complete_until > limit:
        return _UNDELIVERED
    if stale_until > limit:
        return _UNCONFIRMED
    return _AT_RISK if policy.at_risk and complete_until >= window.due - policy.at_risk else _PENDING


def next_change_at(policy: Policy, outcome: Outcome, complete_until: Instant) -> Instant:
    """Up to when must be known what happened, so that `outcome`, found when that was known up to `known`, changes."""
    code = outcome.code
    if code not in OPEN_CODES:
        return NEVER
    if policy.at_risk and (
        code == _PENDING or (code == _UNCONFIRMED and complete_until < outcome.due - policy.at_risk)
    ):
        return outcome.due - policy.at_risk
    return outcome.due + policy.grace + 1


def next_deadline(case: Case) -> Instant:
    """When time alone makes an open promise of `case`, as it was last judged, one that may be unconfirmed."""
    deadline = NEVER
    for key, promise in case.state.promises.items():
        judged = case.judged[key]
        for outcome in (judged.original, judged.current):
            if outcome.code in (_PENDING, _AT_RISK):
                deadline = min(deadline, outcome.due + promise.policy.grace + 1)
    return deadline
