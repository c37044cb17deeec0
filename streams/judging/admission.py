"""Admission: from a canonical event to the fact that the history keeps, or a refusal with its reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from schemas import events
from schemas.instants import ImplausibleInstant, Instant, instant
from schemas.reading import Refused
from schemas.values import replace
from streams.judging.facts import Fact, Terms, What
from streams.judging.policy import Attributes, Policies


def admit(event: events.CaseEvent, policies: Policies) -> Fact:
    """The fact that `event` states. Raises Refused where no policy can judge it."""
    what, name, terms = _READERS[type(event)](event, policies)
    return Fact(
        _instant("occurred_at", event.occurred_at),
        what,
        event.id,
        event.subject,
        name,
        event.staff.id if event.staff else "",
        event.location or "",
        event.channel or "",
        event.segment or "",
        terms,
        _replacement(event, policies) if isinstance(event, events.Correction) else (),
    )


_Said = tuple[What, str, tuple[Terms, ...]]


def _made(event: events.PromisesMade, policies: Policies) -> _Said:
    terms = tuple(_given(event, given, policies) for given in event.promises)
    if len({(one.kind, one.ordinal) for one in terms}) < len(terms):
        raise Refused("bad_value", "two promises of one kind have the same ordinal; number them 1, 2, 3")
    return What.MADE, "", terms


def _given(event: events.PromisesMade, given: events.PromiseTerms, policies: Policies) -> Terms:
    terms = _terms(policies, given.kind, given.ordinal, given.due, given.opens)
    made_at = _instant("occurred_at", event.occurred_at)
    if terms.due < made_at and _rejects_due_before_made(event, given.kind, made_at, policies):
        raise Refused(
            "due_before_made",
            f"{given.kind} is due {given.due.isoformat()}, before the promise was made at "
            f'{event.occurred_at.isoformat()}; a policy with due_before_made = "judge" would take it',
        )
    return replace(terms, origin=given.origin)


def _rejects_due_before_made(event: events.PromisesMade, kind: str, made_at: Instant, policies: Policies) -> bool:
    attributes = Attributes(event.location or "", event.channel or "", event.segment or "")
    return policies.of(kind, attributes, made_at).due_before_made == "reject"


def _amended(event: events.PromiseAmended, policies: Policies) -> _Said:
    return What.AMENDED, event.by, (_terms(policies, event.kind, event.ordinal, event.due, event.opens),)


def _withdrawn(event: events.PromiseWithdrawn, policies: Policies) -> _Said:
    _know(policies, event.kind)
    return What.WITHDRAWN, event.by, (Terms(event.kind, event.ordinal, 0, 0, "written"),)


def _terms(policies: Policies, kind: str, ordinal: int, due: datetime, opens: datetime | None) -> Terms:
    _know(policies, kind)
    window = _instant("opens", opens) if opens else 0, _instant("due", due)
    if window[0] > window[1]:
        raise Refused("bad_time", f"the window of {kind} opens after it is due")
    return Terms(kind, ordinal, *window, "written")


def _know(policies: Policies, kind: str) -> None:
    if kind not in policies.kinds:
        known = ", ".join(sorted(policies.kinds))
        raise Refused("unknown_kind", f"no policy judges promises of kind {kind!r}; there are policies for {known}")


def _replacement(event: events.Correction, policies: Policies) -> tuple[Fact, ...]:
    if event.event is None:
        return ()
    if (event.event.id, event.event.case) != (event.corrects, event.case):
        raise Refused("bad_value", f"the event of a correction keeps its id ({event.corrects}) and its case")
    return (admit(event.event, policies),)


def _instant(field: str, moment: datetime) -> Instant:
    try:
        return instant(moment)
    except ImplausibleInstant as error:
        raise Refused("bad_time", f"{field}: {error}") from None


_READERS: Final[dict[type, Callable[[Any, Policies], _Said]]] = {
    events.PromisesMade: _made,
    events.StepReached: lambda event, _: (What.REACHED, event.step, ()),
    events.StepUndone: lambda event, _: (What.UNDONE, event.step, ()),
    events.PromiseAmended: _amended,
    events.PromiseWithdrawn: _withdrawn,
    events.HoldStarted: lambda event, _: (What.HOLD_STARTED, event.reason, ()),
    events.HoldEnded: lambda event, _: (What.HOLD_ENDED, event.reason, ()),
    events.Cancelled: lambda event, _: (What.CANCELLED, event.by, ()),
    events.StaffAssigned: lambda event, _: (What.ASSIGNED, "", ()),
    events.Correction: lambda event, _: (What.CORRECTED, event.corrects, ()),
}
