"""The explanation of a judgement: the history of its case, with the effect of each fact. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

from schemas.instants import NEVER, Instant, format_instant
from schemas.words import QUALITIES
from streams.judging.case import OPEN_CODES, Case, CaseState, Judged, Outcome, Promise, PromiseKey
from streams.judging.facts import Fact, FactType
from streams.judging.fold import apply, completed_at, ending
from streams.judging.history import KnownHistory
from streams.judging.policy import Policies
from streams.judging.settle import next_change_at


class Step(NamedTuple):
    """One change of a promise, and its instant; `event_id` is None if a deadline passed without an event."""

    at: Instant
    event_id: str | None
    effect: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A promise, its judgement, and the steps that led to it."""

    promise: Promise
    judged: Judged
    steps: tuple[Step, ...]

    def as_json(self) -> dict[str, Any]:
        """Return one element of `promises` in the JSON of `promises explain`.

        Its fields are those of the current basis; `original` has those of the original one.
        """
        promise, judged = self.promise, self.judged
        wake_at = min(next_change_at(promise.policy, outcome, NEVER) for outcome in (judged.original, judged.current))
        return {
            **promise.key._asdict(),
            "made": format_instant(promise.made_at),
            "origin": promise.origin,
            "location": judged.location or None,
            **_outcome_as_json(judged.current),
            "evidence": judged.evidence,
            "original": _outcome_as_json(judged.original),
            "policy": promise.policy.id,
            "revision": judged.revision if judged.revision >= 0 else None,
            "wake_at": None if wake_at == NEVER else format_instant(wake_at),
            "steps": [step._asdict() | {"at": format_instant(step.at)} for step in self.steps],
        }


def _outcome_as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "due": format_instant(outcome.due),
        "verdict": outcome.ruling.verdict,
        "reason": outcome.ruling.reason,
        "lateness_seconds": None if outcome.lateness is None else outcome.lateness / 1000,
        "staff": outcome.staff or None,
    }


def explain(case: Case, policies: Policies, now: Instant) -> list[Explanation]:
    """Return every promise of `case`, which was settled at `now`, with its steps."""
    facts = KnownHistory.at(case.history, now).facts
    return [
        Explanation(promise, case.judged[key], tuple(_steps(promise, case.judged[key], facts, policies, now)))
        for key, promise in case.state.promises.items()
    ]


def _steps(promise: Promise, judged: Judged, facts: list[Fact], policies: Policies, now: Instant) -> list[Step]:
    key, state = promise.key, CaseState()
    steps: list[Step] = []
    for fact in facts:
        before = _PromiseView.of(state, key)
        apply(state, fact, policies)
        effect = "; ".join(_effects(before, _PromiseView.of(state, key), fact))
        if effect or fact.subject in ("", key.subject):
            steps.append(Step(fact.at, fact.id, effect or _no_effect_text(fact)))
    return sorted([*steps, *_passed_deadlines(state, promise, judged, now)], key=lambda step: step.at)


@dataclass(frozen=True, slots=True)
class _PromiseView:
    """The state of one promise between two facts."""

    promise: Promise | None
    completed: Instant = NEVER
    ended: Instant = NEVER
    ended_by: str = ""
    staff: str = ""

    @classmethod
    def of(cls, state: CaseState, key: PromiseKey) -> _PromiseView:
        promise = state.promises.get(key)
        assigned = [assignment.staff for assignment in state.assignments if assignment.subject in ("", key.subject)]
        staff = assigned[-1] if assigned else ""
        if promise is None:
            return cls(None, staff=staff)
        completed, end = completed_at(state, promise), ending(state, promise)
        return cls(copy(promise), completed, *((end.at, end.by) if end else (NEVER, "")), staff)


def _effects(before: _PromiseView, after: _PromiseView, fact: Fact) -> Iterator[str]:
    if after.promise is None:
        if before.promise is not None:
            yield "removed with the step that started it"
    elif before.promise is None or _origin(before.promise) != _origin(after.promise):
        yield _made_text(after.promise)
    elif before.promise.current != after.promise.current:
        yield _new_due_text(before.promise, after.promise)
    if after.promise is not None:
        yield from _progress(before, after, after.promise, fact)
    if after.staff != before.staff:
        yield f"assigned to {after.staff}"


def _origin(promise: Promise) -> tuple[Instant, str]:
    return promise.made_at, promise.origin


def _made_text(promise: Promise) -> str:
    kind, due, opens = promise.key.kind, format_instant(promise.original.due), promise.original.opens
    window = f" not before {format_instant(opens)}" if opens else ""
    return f"made ({promise.origin}): {kind} by {due}{window}, {promise.policy.id}"


def _new_due_text(before: Promise, after: Promise) -> str:
    reason = "at the customer's request" if after.original != before.original else "the original due stands"
    return f"now due {format_instant(after.current.due)}, {reason}"


def _progress(before: _PromiseView, after: _PromiseView, promise: Promise, fact: Fact) -> Iterator[str]:
    if after.completed != before.completed:
        if after.completed == NEVER:
            yield "open again: the step that kept it was undone"
        else:
            yield _delivered_text(after, promise) + _quality_text(fact)
    if after.ended != before.ended:
        yield f"{'withdrawn' if fact.type == FactType.WITHDRAWN else 'cancelled'} by {_party_text(after.ended_by)}"


def _delivered_text(after: _PromiseView, promise: Promise) -> str:
    seconds = (after.completed - promise.current.due) / 1000
    if not seconds:
        return "delivered at due"
    return f"delivered {abs(seconds):.3f} s {'after' if seconds > 0 else 'before'} due"


def _quality_text(fact: Fact) -> str:
    """Return the quality of the time of a step, unless it was measured."""
    return f" ({QUALITIES[fact.quality]})" if fact.quality else ""


def _party_text(by: str) -> str:
    return "us" if by == "us" else "the customer"


def _no_effect_text(fact: Fact) -> str:
    if fact.type == FactType.CORRECTED:
        return f"corrects {fact.name}" if fact.replacement else f"says that {fact.name} never happened"
    if fact.type == FactType.STATED:
        return "states nothing new here"
    return f"{fact.type.name.lower()} {fact.name}".strip() + f"{_quality_text(fact)}: changes nothing here"


def _passed_deadlines(state: CaseState, promise: Promise, judged: Judged, now: Instant) -> Iterator[Step]:
    """Yield the deadlines, original and current, that passed while the promise was open."""
    end = ending(state, promise)
    settled_at = min(completed_at(state, promise), end.at if end else NEVER)
    for due, outcome in sorted({judged.original.due: judged.original, judged.current.due: judged.current}.items()):
        limit = due + promise.policy.grace
        if limit < min(now, settled_at):
            which = "deadline" if due == promise.current.due else "original deadline"
            unknown = "; its feed has not reported since, so the promise is still open"
            broken = " with nothing delivered: broken"
            yield Step(limit + 1, None, f"the {which} passed{unknown if outcome.code in OPEN_CODES else broken}")
