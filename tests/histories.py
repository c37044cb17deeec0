"""Stories: a language for the events of one case. All happen on one day, in UTC.

    order("o1").ordered("12:00", at="downtown").promised("ready", due="12:40").reached("ready", "12:41")

Stories are immutable: every method returns a new one, so two stories can share their beginning. The ids of the events
are e1, e2, ... in order of arrival, unless `id` is given. `ndjson` writes stories as a file of events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    Record,
    Staff,
    StaffAssigned,
    StepReached,
    StepUndone,
)
from schemas.instants import Instant, format_instant, from_datetime
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
    """Return the instant of a time of the day."""
    return from_datetime(moment(time))


def as_text(time: str) -> str:
    """Return a time of the day as the commands write it, such as 2026-03-06T12:40:00.000Z."""
    return format_instant(at(time))


def policies_of(text: str) -> Policies:
    """Parse policies from TOML."""
    return parse_policies(text, "policies.toml")


READY = policies_of('[[policy]]\nkind = "ready"\n')
"""The simplest policy: ready by its due, to the millisecond."""


@dataclass(frozen=True)
class Story:
    """The events of one case in order of arrival. time: of the last event. subject: of the next event."""

    case: str
    events: tuple[CaseEvent, ...] = ()
    time: str = "00:00"
    subject: str = ""

    def about(self, subject: str) -> Story:
        """Set the subject of the events to come; empty is the whole case."""
        return replace(self, subject=subject)

    def ordered(self, time: str, at: str | None = None, **fields: Any) -> Story:
        return self.reached("ordered", time, at=at, **fields)

    def promised(self, kind: str, *, due: str, **fields: Any) -> Story:
        """Promise `kind` by `due`, at `time` or at the time of the last event. More fields: see `_with_promise`."""
        return self._with_promise(PromisesMade, kind, due, **fields)

    def stated(self, kind: str, *, due: str, **fields: Any) -> Story:
        """State in a snapshot that `kind` is promised by `due`, with the same fields as `promised`."""
        return self._with_promise(PromisesStated, kind, due, **fields)

    def promised_together(self, dues: Mapping[str, str], time: str, **fields: Any) -> Story:
        """Promise several kinds in one event, each by its due."""
        terms = [PromiseTerms(kind=kind, due=moment(due)) for kind, due in dues.items()]
        return self._with_event(PromisesMade, time, promises=terms, **fields)

    def nothing_promised(self, time: str, **fields: Any) -> Story:
        return self.promised_together({}, time, **fields)

    def reached(self, step: str, time: str, **fields: Any) -> Story:
        return self._with_event(StepReached, time, step=step, **fields)

    def undone(self, step: str, time: str, **fields: Any) -> Story:
        return self._with_event(StepUndone, time, step=step, **fields)

    def amended(
        self, kind: str, time: str, *, due: str, by: Party, opens: str | None = None, ordinal: int = 1, **fields: Any
    ) -> Story:
        return self._with_event(
            PromiseAmended, time, kind=kind, by=by, ordinal=ordinal, **_window(due, opens), **fields
        )

    def withdrawn(self, kind: str, time: str, *, by: Party, ordinal: int = 1, **fields: Any) -> Story:
        return self._with_event(PromiseWithdrawn, time, kind=kind, by=by, ordinal=ordinal, **fields)

    def cancelled(self, time: str, *, by: Party, **fields: Any) -> Story:
        return self._with_event(Cancelled, time, by=by, **fields)

    def taken_by(self, staff: str, time: str, **fields: Any) -> Story:
        return self._with_event(StaffAssigned, time, staff=staff, **fields)

    def hold_started(self, reason: str, time: str, *, caused_by: Party, **fields: Any) -> Story:
        return self._with_event(HoldStarted, time, reason=reason, caused_by=caused_by, **fields)

    def hold_ended(self, reason: str, time: str, **fields: Any) -> Story:
        return self._with_event(HoldEnded, time, reason=reason, **fields)

    def denied(self, corrects: str, time: str, **fields: Any) -> Story:
        """Correct, at `time`, that the event `corrects` never happened."""
        return self._with_event(Correction, time, corrects=corrects, event=None, **fields)

    def corrected(self, corrects: str, time: str, replacement: Story, **fields: Any) -> Story:
        """Replace, at `time`, the event `corrects` by the last event of `replacement`."""
        event = msgspec.structs.replace(replacement.events[-1], id=corrects)
        return self._with_event(Correction, time, corrects=corrects, event=event, **fields)

    def _with_promise(
        self,
        event_type: type[PromisesMade | PromisesStated],
        kind: str,
        due: str,
        *,
        opens: str | None = None,
        origin: Origin = "written",
        ordinal: int = 1,
        time: str | None = None,
        **fields: Any,
    ) -> Story:
        """Append an event with one promise."""
        terms = PromiseTerms(kind=kind, origin=origin, ordinal=ordinal, **_window(due, opens))
        return self._with_event(event_type, time or self.time, promises=[terms], **fields)

    def _with_event(self, event_type: type[Envelope], time: str, /, **fields: Any) -> Story:
        location, staff = fields.pop("at", None), fields.pop("staff", None)
        event: Any = event_type(
            id=fields.pop("id", f"e{len(self.events) + 1}"),
            case=self.case,
            occurred_at=moment(time),
            subject=fields.pop("subject", self.subject),
            location=location,
            staff=Staff(id=staff) if staff else None,
            **fields,
        )
        return replace(self, events=(*self.events, event), time=time)

    def facts(self, policies: Policies = READY) -> History:
        return history_of(admit(event, policies) for event in self.events)

    def judgement(self, now: str, policies: Policies = READY) -> Judgement:
        return judge(self.facts(policies), policies, at(now))

    def promise(self, now: str, policies: Policies = READY, **key: Any) -> tuple[Promise, Judged]:
        """Return the only promise at `now` whose key has the values of `key`."""
        fits = [
            (promise, judged)
            for promise, judged in self.judgement(now, policies).promises
            if key.items() <= promise.key._asdict().items()
        ]
        assert len(fits) == 1, f"{len(fits)} promises of {key}: {fits}"
        return fits[0]

    def ruling(self, now: str, policies: Policies = READY, basis: Basis | Literal["both"] = "both", **key: Any) -> str:
        """Return the ruling at `now`, such as "kept / on_time". "both" asserts that it is the same on both bases."""
        _, judged = self.promise(now, policies, **key)
        rulings = {"original": judged.original.ruling, "current": judged.current.ruling}
        if basis != "both":
            return " / ".join(rulings[basis])
        assert rulings["original"] == rulings["current"], rulings
        return " / ".join(rulings["current"])


def _window(due: str, opens: str | None) -> dict[str, Any]:
    return {"due": moment(due), "opens": moment(opens) if opens else None}


def order(case: str) -> Story:
    """Begin the story of a case."""
    return Story(case)


Line = Story | Record | str
"""A part of a file of events: a story, one record, or the text of a line."""


def ndjson(*lines: Line) -> bytes:
    """Return the text of a file of events, which arrive in this order."""
    return b"".join(line + b"\n" for item in lines for line in _encoded(item))


def _encoded(item: Line) -> list[bytes]:
    if isinstance(item, str):
        return [item.encode()]
    return [msgspec.json.encode(record) for record in (item.events if isinstance(item, Story) else (item,))]


def history_of(facts: Iterable[Fact]) -> History:
    """Return the history of these facts, which may be in any order."""
    history: History = []
    for fact in facts:
        insert(history, fact)
    return history
