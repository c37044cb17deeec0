"""The judgement: from the state of a case and an instant to a ruling on every promise, on both bases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from msgspec.structs import replace

from schemas import words
from schemas.instants import NEVER, Instant
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
    """The promises of a case, each with its judgement. wake_at: when a judgement next changes without a new fact."""

    promises: tuple[tuple[Promise, Judged], ...]
    wake_at: Instant


def judge(
    history: History, policies: Policies, now: Instant, complete_until: Instant = NEVER, stale_until: Instant = 0
) -> Judgement:
    """Judge a history from scratch at `now`. Facts after `now` are not yet known.

    `complete_until` and `stale_until` have the same meaning as in `settle`.
    """
    case = Case()
    _refold(case, history, policies, now)
    settle(case, policies, now, complete_until, stale_until)
    promises = case.state.promises
    return Judgement(tuple((promise, case.judged[key]) for key, promise in promises.items()), case.wake_at)


Addition = Literal["duplicate", "unchanged", "changed"]
"""The result of adding a fact to a case: the history had it; only the history changed; or the state changed, too."""


def add_fact(case: Case, fact: Fact, policies: Policies, now: Instant) -> Addition:
    """Add a fact to `case`. A fact in order is one step of the fold; any other folds the history again."""
    if fact.at > case.last_at and not (case.count and case.may_contain(fact.id)):
        case.append(fact)
    else:
        history = case.history
        if not insert(history, fact):
            return "duplicate"
        is_next = fact is history[-1] and len(history) == case.count + 1  # and not a replacement of another
        case.replace_history(history)
        if not is_next:
            _refold(case, history, policies, now)
            return "changed"
    if _is_next_step(case, fact, now):
        return "changed" if apply(case.state, fact, policies) else "unchanged"
    _refold(case, case.history, policies, now)
    return "changed"


def _is_next_step(case: Case, fact: Fact, now: Instant) -> bool:
    """Return whether `fact`, which is later than all others, can be applied to the state as it is."""
    return fact.at <= now and case.next_fact_at == NEVER and not case.corrected and fact.type is not FactType.CORRECTED


def _refold(case: Case, history: History, policies: Policies, now: Instant) -> None:
    """Fold the facts that are known at `now` from scratch."""
    known = KnownHistory.at(history, now)
    case.state = fold(known.facts, policies)
    case.corrected = any(fact.type is FactType.CORRECTED for fact in history)
    case.next_fact_at = known.next_fact_at


def add_due_facts(case: Case, policies: Policies, now: Instant) -> None:
    """Apply the facts in the history that have become due: those dated after the former watermark, but by `now`."""
    _refold(case, case.history, policies, now)


def settle(
    case: Case, policies: Policies, now: Instant, complete_until: Instant = NEVER, stale_until: Instant = 0
) -> list[Change]:
    """Judge every promise of `case` at `now`, store the judgements in it, and return the changes.

    now: the watermark of the partition. Facts after it are not yet known.
    complete_until: the watermark of the feed of the case, at most `now`: every fact until then has been read. Only
    deadlines before it make a promise undelivered.
    stale_until: `now` if that feed is stale, else 0. A promise whose deadline lies between `complete_until` and
    `stale_until` is unconfirmed.
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
            changes.append(Change(key, promise, before, after))  # by position: keywords cost instructions
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
    """Return the judgement of `promise` (`before` itself if it is unchanged), and when it next changes."""
    completed, end = completed_at(state, promise), ending(state, promise)
    original = _outcome(state, promise, promise.original, completed, end, now, complete_until, stale_until)
    amended = None
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
    """Return `outcome`, but not open if the promise was undelivered before.

    The watermark of a feed can go back, for example when another partition of the source reports for the first time.
    """
    if before.code == _UNDELIVERED and before.due == outcome.due and outcome.code in OPEN_CODES:
        return replace(outcome, code=_UNDELIVERED)
    return outcome


def _next_judged(previous: Judged, original: Outcome, amended: Outcome | None, location: str, assumed: bool) -> Judged:
    """Return the judgement after `previous`. Revisions count from the first verdict other than open."""
    current = original if amended is None else amended
    (original_settled, current_settled), (original_delivered, current_delivered) = previous.settled, previous.delivered
    settled = original_settled or original.code not in OPEN_CODES, current_settled or current.code not in OPEN_CODES
    return Judged(  # by position: keywords cost instructions, and this runs for every change
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
    """Retract the judgements of promises that are no longer in the history.

    They stay in the case, so that no revision number is used twice.
    """
    changes: list[Change] = []
    for key, before in case.judged.items():
        if key not in case.state.promises and not before.retracted:
            is_published = before.revision >= 0
            after = replace(before, retracted=True, revision=before.revision + is_published)
            changes.append(Change(key, None, before, after))
    for change in changes:
        case.judged[change.key] = change.after
    return changes


def staff_in_charge(assignments: Iterable[Assignment], subject: str, at: Instant) -> str:
    """Return the staff member who was last assigned to `subject`, or to the whole case, by `at`.

    Before the first assignment that is the first one assigned later; empty if there is no assignment.
    """
    staff = ""
    for assignment in assignments:
        if assignment.subject and assignment.subject != subject:
            continue
        if assignment.at > at:
            return staff or assignment.staff
        staff = assignment.staff
    return staff


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
    """Return the outcome of `promise` for `window`. The earliest of its end, delivery, deadline and now decides."""
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
    """Return the watermark at which `outcome`, found at `complete_until`, next changes without another fact."""
    code = outcome.code
    if code not in OPEN_CODES:
        return NEVER
    if policy.at_risk and (
        code == _PENDING or (code == _UNCONFIRMED and complete_until < outcome.due - policy.at_risk)
    ):
        return outcome.due - policy.at_risk
    return outcome.due + policy.grace + 1


def next_deadline(case: Case) -> Instant:
    """Return the first instant after the earliest deadline of an open promise of `case`; NEVER if there is none.

    From then on the promise is unconfirmed if the feed of the case is stale.
    """
    deadline = NEVER
    for key, promise in case.state.promises.items():
        judged = case.judged[key]
        for outcome in (judged.original, judged.current):
            if outcome.code in (_PENDING, _AT_RISK):
                deadline = min(deadline, outcome.due + promise.policy.grace + 1)
    return deadline
