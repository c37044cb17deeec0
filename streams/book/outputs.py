"""What a change says to the world: a verdict record, and an alert when a promise nears its due or has passed it.

Ids follow from what a record says and from nothing else, so a consumer that sees one twice knows it.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from schemas.instants import Instant, moment, show
from schemas.verdicts import AlertRecord, Finding, VerdictRecord
from schemas.words import UNDELIVERED, Evidence, Stage
from streams.judging.case import Change, Judged, Outcome

Output = VerdictRecord | AlertRecord


def outputs(case: str, change: Change, now: Instant) -> Iterator[Output]:
    """The records that `change` in `case`, found at `now`, calls for."""
    before = change.before.revision if change.before else -1
    if change.after.revision != before:
        yield _verdict(case, change, now)
    if change.after.at_risk != (change.before.at_risk if change.before else ()):
        yield _alert(case, change, "at_risk", now)
    if change.after.overdue != (change.before.overdue if change.before else ()):
        yield _alert(case, change, "overdue", now)


def _identifier(*parts: str | int) -> str:
    return msgspec.json.encode(parts).decode()


def _verdict(case: str, change: Change, now: Instant) -> VerdictRecord:
    key, after, promise = change.key, change.after, change.promise
    return VerdictRecord(
        id=_identifier(case, *key, after.revision),
        case=case,
        subject=key.subject,
        kind=key.kind,
        ordinal=key.ordinal,
        revision=after.revision,
        retracted=after.retracted,
        origin=promise.origin if promise else None,
        location=after.location or None,
        policy=promise.policy.id if promise else None,
        made_at=moment(promise.made_at) if promise else None,
        decided_at=moment(now),
        evidence=_evidence(after),
        original=_finding(after.original),
        current=_finding(after.current),
    )


def _evidence(judged: Judged) -> Evidence:
    return "deadline" if judged.current.ruling == UNDELIVERED else "event"


def _finding(outcome: Outcome) -> Finding:
    return Finding(
        verdict=outcome.ruling.verdict,
        reason=outcome.ruling.reason,
        due=moment(outcome.due),
        lateness_seconds=None if outcome.lateness is None else outcome.lateness / 1000,
        staff=outcome.staff or None,
    )


def _alert(case: str, change: Change, stage: Stage, now: Instant) -> AlertRecord:
    key, after, promise = change.key, change.after, change.promise
    return AlertRecord(
        id=_identifier(case, *key, stage, show(after.current.due)),
        case=case,
        subject=key.subject,
        kind=key.kind,
        ordinal=key.ordinal,
        stage=stage,
        due=moment(after.current.due),
        location=after.location or None,
        staff=after.current.staff or None,
        policy=promise.policy.id if promise else "",
        decided_at=moment(now),
    )
