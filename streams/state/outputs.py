"""The output records of a change: a verdict, and an alert if a promise is at risk or overdue.

The id of a record depends only on its content, so that consumers can recognise duplicates.
"""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.instants import Instant, format_instant, to_datetime
from schemas.verdicts import AlertRecord, BasisVerdict, VerdictRecord
from schemas.words import Stage
from streams.judging.case import Change, Outcome

Output = VerdictRecord | AlertRecord


def outputs(case: str, change: Change, now: Instant) -> list[Output]:
    """Return the output records of `change` in `case`, which was found at `now`."""
    before, after = change.before, change.after
    records: list[Output] = []
    if after.revision != (before.revision if before else -1):
        records.append(_verdict(case, change, now))
    if after.at_risk != (before.at_risk if before else ()):
        records.append(_alert(case, change, "at_risk", now))
    if after.overdue != (before.overdue if before else ()):
        records.append(_alert(case, change, "overdue", now))
    return records


_encode: Final = msgspec.json.Encoder().encode


def _identifier(*parts: str | int) -> str:
    return _encode(parts).decode()


def _verdict(case: str, change: Change, now: Instant) -> VerdictRecord:
    key, after, promise = change.key, change.after, change.promise
    original = _basis_verdict(after.original)
    return VerdictRecord(
        id=_identifier(case, key.subject, key.kind, key.ordinal, after.revision),
        case=case,
        subject=key.subject,
        kind=key.kind,
        ordinal=key.ordinal,
        revision=after.revision,
        retracted=after.retracted,
        origin=promise.origin if promise else None,
        location=after.location or None,
        policy=promise.policy.id if promise else None,
        made_at=to_datetime(promise.made_at) if promise else None,
        decided_at=to_datetime(now),
        evidence=after.evidence,
        original=original,
        current=original if after.amended is None else _basis_verdict(after.amended),
    )


def _basis_verdict(outcome: Outcome) -> BasisVerdict:
    verdict, reason = outcome.ruling
    return BasisVerdict(
        verdict=verdict,
        reason=reason,
        due=to_datetime(outcome.due),
        lateness_seconds=None if outcome.lateness is None else outcome.lateness / 1000,
        staff=outcome.staff or None,
    )


def _alert(case: str, change: Change, stage: Stage, now: Instant) -> AlertRecord:
    key, after, promise = change.key, change.after, change.promise
    current = after.current
    return AlertRecord(
        id=_identifier(case, key.subject, key.kind, key.ordinal, stage, format_instant(current.due)),
        case=case,
        subject=key.subject,
        kind=key.kind,
        ordinal=key.ordinal,
        stage=stage,
        due=to_datetime(current.due),
        location=after.location or None,
        staff=current.staff or None,
        policy=promise.policy.id if promise else "",
        decided_at=to_datetime(now),
    )
