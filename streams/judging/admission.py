"""Admission: a canonical event becomes a fact of the history, or is refused with a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from schemas import events
from schemas.instants import ImplausibleInstant, Instant, from_datetime
from schemas.reading import Refused
from schemas.words import QUALITIES, Origin, Quality
from streams.judging.facts import Fact, FactType, Terms
from streams.judging.policy import Attributes, Policies

_QUALITIES: Final[dict[Quality, int]] = {quality: code for code, quality in enumerate(QUALITIES)}


def admit(event: events.CaseEvent, policies: Policies) -> Fact:
    """Return the fact that `event` states. Raises Refused if no policy can judge it."""
    if type(event) is events.StepReached:  # most events are
        quality = event.quality
        return _fact(event, FactType.REACHED, event.step, (), (), 0 if quality is None else _QUALITIES[quality])
    return _ADMITTERS[type(event)](event, policies)


def _fact(
    event: events.Envelope,
    type: FactType,
    name: str,
    terms: tuple[Terms, ...] = (),
    replacement: tuple[Fact, ...] = (),
    quality: int = 0,
) -> Fact:
    """Return a fact with the fields that all events have."""
    try:
        at = from_datetime(event.occurred_at)
    except ImplausibleInstant as error:
        raise Refused("bad_time", f"occurred_at: {error}") from None
    staff = event.staff
    return Fact(  # by position: keywords cost instructions, and this runs for every event
        at,
        type,
        event.id,
        event.subject,
        name,
        staff.id if staff else "",
        event.location or "",
        event.channel or "",
        event.segment or "",
        terms,
        replacement,
        quality,
    )


def _undone(event: events.StepUndone, policies: Policies) -> Fact:
    return _fact(event, FactType.UNDONE, event.step)


def _made(event: events.PromisesMade, policies: Policies) -> Fact:
    terms = tuple([_made_terms(event, promise, policies) for promise in event.promises])
    _check_ordinals(terms)
    return _fact(event, FactType.MADE, "", terms)


def _stated(event: events.PromisesStated, policies: Policies) -> Fact:
    """Return the fact of a snapshot. It may come long after the promise was made, so the due may lie before it."""
    terms = tuple(
        [
            _terms(policies, promise.kind, promise.ordinal, promise.due, promise.opens, promise.origin)
            for promise in event.promises
        ]
    )
    _check_ordinals(terms)
    return _fact(event, FactType.STATED, "", terms)


def _check_ordinals(terms: tuple[Terms, ...]) -> None:
    if len(terms) > 1 and len({(promise.kind, promise.ordinal) for promise in terms}) < len(terms):
        raise Refused("bad_value", "two promises of one kind have the same ordinal; number them 1, 2, 3")


def _made_terms(event: events.PromisesMade, promise: events.PromiseTerms, policies: Policies) -> Terms:
    terms = _terms(policies, promise.kind, promise.ordinal, promise.due, promise.opens, promise.origin)
    if promise.due < event.occurred_at:
        _check_due(event, promise, terms.due, policies)
    return terms


def _check_due(event: events.PromisesMade, promise: events.PromiseTerms, due: Instant, policies: Policies) -> None:
    made_at = _instant("occurred_at", event.occurred_at)
    attributes = Attributes(event.location or "", event.channel or "", event.segment or "")
    if due < made_at and policies.policy_for(promise.kind, attributes, made_at).due_before_made == "reject":
        raise Refused(
            "due_before_made",
            f"{promise.kind} is due {promise.due.isoformat()}, before the promise was made at "
            f'{event.occurred_at.isoformat()}; a policy with due_before_made = "judge" accepts it',
        )


def _amended(event: events.PromiseAmended, policies: Policies) -> Fact:
    terms = _terms(policies, event.kind, event.ordinal, event.due, event.opens)
    return _fact(event, FactType.AMENDED, event.by, (terms,))


def _withdrawn(event: events.PromiseWithdrawn, policies: Policies) -> Fact:
    _check_kind(policies, event.kind)
    return _fact(event, FactType.WITHDRAWN, event.by, (Terms(event.kind, event.ordinal, 0, 0, "written"),))


def _terms(
    policies: Policies, kind: str, ordinal: int, due: datetime, opens: datetime | None, origin: Origin = "written"
) -> Terms:
    _check_kind(policies, kind)
    opens_at, due_at = _instant("opens", opens) if opens else 0, _instant("due", due)
    if opens_at > due_at:
        raise Refused("bad_time", f"the window of {kind} opens after it is due")
    return Terms(kind, ordinal, opens_at, due_at, origin)


def _check_kind(policies: Policies, kind: str) -> None:
    if kind not in policies.kinds:
        kinds = ", ".join(sorted(policies.kinds))
        raise Refused("unknown_kind", f"no policy judges promises of kind {kind!r}; there are policies for {kinds}")


def _hold_started(event: events.HoldStarted, policies: Policies) -> Fact:
    return _fact(event, FactType.HOLD_STARTED, event.reason)


def _hold_ended(event: events.HoldEnded, policies: Policies) -> Fact:
    return _fact(event, FactType.HOLD_ENDED, event.reason)


def _cancelled(event: events.Cancelled, policies: Policies) -> Fact:
    return _fact(event, FactType.CANCELLED, event.by)


def _assigned(event: events.StaffAssigned, policies: Policies) -> Fact:
    return _fact(event, FactType.ASSIGNED, "")


def _corrected(event: events.Correction, policies: Policies) -> Fact:
    return _fact(event, FactType.CORRECTED, event.corrects, replacement=_replacement(event, policies))


def _replacement(event: events.Correction, policies: Policies) -> tuple[Fact, ...]:
    if event.event is None:
        return ()
    if (event.event.id, event.event.case) != (event.corrects, event.case):
        raise Refused("bad_value", f"the event of a correction must have the corrected id ({event.corrects}) and case")
    return (admit(event.event, policies),)


def _instant(field: str, moment: datetime) -> Instant:
    try:
        return from_datetime(moment)
    except ImplausibleInstant as error:
        raise Refused("bad_time", f"{field}: {error}") from None


_ADMITTERS: Final[dict[type, Callable[[Any, Policies], Fact]]] = {
    events.PromisesMade: _made,
    events.PromisesStated: _stated,
    events.StepUndone: _undone,
    events.PromiseAmended: _amended,
    events.PromiseWithdrawn: _withdrawn,
    events.HoldStarted: _hold_started,
    events.HoldEnded: _hold_ended,
    events.Cancelled: _cancelled,
    events.StaffAssigned: _assigned,
    events.Correction: _corrected,
}
