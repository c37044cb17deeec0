"""Histories told as stories: who ordered what, what was promised, what happened. All on one day, in UTC.

    order("o1").ordered("12:00", at="downtown").promised("ready", due="12:40").reached("ready", "12:41")

A story never changes: every chapter gives a new one, so two tellings may share their beginning. The events of a story
are numbered e1, e2, ... in the order of telling, unless `id` says otherwise; corrections name them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec

from schemas.events import (
    Cancelled,
    CaseEvent,
    Correction,
    Envelope,
    HoldEnded,
    HoldStarted,
    PromiseAmended,
    PromisesMade,
    PromisesStated,
    PromiseTerms,
    PromiseWithdrawn,
    Staff,
    StaffAssigned,
    StepReached,
    StepUndone,
)
from schemas.instants import Instant, from_datetime
from schemas.words import Basis, Origin, Party
from streams.config.policies import parse_policies
from streams.judging.admission import admit
from streams.judging.case import Judged, Promise
from streams.judging.history import Fact, History, insert
from streams.judging.policy import Policies
from streams.judging.settle import Judgement, judge

DAY = datetime(2026, 3, 6, tzinfo=UTC)


def moment(time: str) -> datetime:
    """ "12:40", "12:40:05" or "12:40:05.001" on the day of all stories; hours may run past 24 into the next days."""
    hours, minutes, *seconds = time.split(":")
    return DAY + timedelta(
        hours=int(hours), minutes=int(minutes), milliseconds=round(float(seconds[0]) * 1000) if seconds else 0
    )


def at(time: str) -> Instant:
    """The instant of that time of the day."""
    return from_datetime(moment(time))


def policies_of(text: str) -> Policies:
    """Policies from TOML."""
    return parse_policies(text, "policies.toml")


READY = policies_of('[[policy]]\nkind = "ready"\n')
"""The plainest policy there is: ready by its due, to the millisecond."""


@dataclass(frozen=True)
class Story:
    """The events of one case in the order of their telling. time: of the last one. subject: what the next is about."""

    case: str
    events: tuple[CaseEvent, ...] = ()
    time: str = "00:00"
    subject: str = ""

    def about(self, subject: str) -> Story:
        """From here on the story tells of `subject`; empty: of the case as a whole."""
        return replace(self, subject=subject)

    def ordered(self, time: str, at: str | None = None, **said: Any) -> Story:
        return self.reached("ordered", time, at=at, **said)

    def promised(
        self,
        kind: str,
        *,
        due: str,
        opens: str | None = None,
        origin: Origin = "written",
        ordinal: int = 1,
        time: str | None = None,
        **said: Any,
    ) -> Story:
        """At `time`, or with the event before: `kind` is promised by `due`."""
        return self._with_event(
            PromisesMade, time or self.time, promises=[_terms(kind, due, opens, origin, ordinal)], **said
        )

    def stated(
        self,
        kind: str,
        *,
        due: str,
        opens: str | None = None,
        origin: Origin = "written",
        ordinal: int = 1,
        time: str | None = None,
        **said: Any,
    ) -> Story:
        """At `time`, or with the event before: the till says that `kind` is promised by `due`."""
        return self._with_event(
            PromisesStated, time or self.time, promises=[_terms(kind, due, opens, origin, ordinal)], **said
        )

    def nothing_promised(self, time: str, **said: Any) -> Story:
        return self._with_event(PromisesMade, time, promises=[], **said)

    def reached(self, step: str, time: str, **said: Any) -> Story:
        return self._with_event(StepReached, time, step=step, **said)

    def undone(self, step: str, time: str, **said: Any) -> Story:
        return self._with_event(StepUndone, time, step=step, **said)

    def amended(
        self, kind: str, time: str, *, due: str, by: Party, opens: str | None = None, ordinal: int = 1, **said: Any
    ) -> Story:
        window: dict[str, Any] = {"due": moment(due), "opens": moment(opens) if opens else None}
        return self._with_event(PromiseAmended, time, kind=kind, by=by, ordinal=ordinal, **window, **said)

    def withdrawn(self, kind: str, time: str, *, by: Party, ordinal: int = 1, **said: Any) -> Story:
        return self._with_event(PromiseWithdrawn, time, kind=kind, by=by, ordinal=ordinal, **said)

    def cancelled(self, time: str, *, by: Party, **said: Any) -> Story:
        return self._with_event(Cancelled, time, by=by, **said)

    def taken_by(self, staff: str, time: str, **said: Any) -> Story:
        return self._with_event(StaffAssigned, time, staff=staff, **said)

    def held(self, reason: str, time: str, *, caused_by: Party, **said: Any) -> Story:
        return self._with_event(HoldStarted, time, reason=reason, caused_by=caused_by, **said)

    def released(self, reason: str, time: str, **said: Any) -> Story:
        return self._with_event(HoldEnded, time, reason=reason, **said)

    def denied(self, corrects: str, time: str, **said: Any) -> Story:
        """At `time` it turned out that `corrects` never happened."""
        return self._with_event(Correction, time, corrects=corrects, event=None, **said)

    def corrected(self, corrects: str, time: str, replacement: Story, **said: Any) -> Story:
        """At `time` it turned out that the last event of `instead` is what `corrects` should have said."""
        truth = msgspec.structs.replace(replacement.events[-1], id=corrects)
        return self._with_event(Correction, time, corrects=corrects, event=truth, **said)

    def _with_event(self, what: type[Envelope], time: str, /, **said: Any) -> Story:
        location, staff = said.pop("at", None), said.pop("staff", None)
        event: Any = what(
            id=said.pop("id", f"e{len(self.events) + 1}"),
            case=self.case,
            occurred_at=moment(time),
            subject=said.pop("subject", self.subject),
            location=location,
            staff=Staff(id=staff) if staff else None,
            **said,
        )
        return replace(self, events=(*self.events, event), time=time)

    def facts(self, policies: Policies = READY) -> History:
        return history_of(admit(event, policies) for event in self.events)

    def judgement(self, now: str, policies: Policies = READY) -> Judgement:
        return judge(self.facts(policies), policies, at(now))

    def promise(self, now: str, policies: Policies = READY, **key: Any) -> tuple[Promise, Judged]:
        """The one promise at `now` whose key has the values of `key`; there is exactly one."""
        fits = [
            (promise, judged)
            for promise, judged in self.judgement(now, policies).promises
            if key.items() <= promise.key._asdict().items()
        ]
        assert len(fits) == 1, f"{len(fits)} promises of {key}: {fits}"
        return fits[0]

    def ruling(self, now: str, policies: Policies = READY, basis: Basis | Literal["both"] = "both", **key: Any) -> str:
        """How that promise stands at `now`, as "kept / on_time"; "both" holds it to the same on either basis."""
        _, judged = self.promise(now, policies, **key)
        rulings = {"original": judged.original.ruling, "current": judged.current.ruling}
        if basis != "both":
            return " / ".join(rulings[basis])
        assert rulings["original"] == rulings["current"], rulings
        return " / ".join(rulings["current"])


def _terms(kind: str, due: str, opens: str | None, origin: Origin, ordinal: int) -> PromiseTerms:
    return PromiseTerms(
        kind=kind, due=moment(due), opens=moment(opens) if opens else None, origin=origin, ordinal=ordinal
    )


def order(case: str) -> Story:
    """The story of one case begins."""
    return Story(case)


def history_of(facts: Iterable[Fact]) -> History:
    """What a case knows once all of `facts` arrived, in whatever order."""
    history: History = []
    for fact in facts:
        insert(history, fact)
    return history
