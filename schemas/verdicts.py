"""The output records: verdicts and alerts. Their ids let a consumer recognise duplicates."""

from __future__ import annotations

from msgspec import Struct

from schemas.events import Moment
from schemas.words import Evidence, Origin, Reason, Stage, Verdict


class BasisVerdict(Struct, frozen=True, kw_only=True):
    """The outcome of a promise on one basis.

    lateness_seconds: actual minus due, signed, fixed at completion; null while nothing is delivered.
    staff: the id of the accountable staff member, or null.
    """

    verdict: Verdict
    reason: Reason
    due: Moment
    lateness_seconds: float | None
    staff: str | None


class VerdictRecord(Struct, frozen=True, kw_only=True, tag_field="type", tag="verdict"):
    """The judgement of one promise on both bases; a record of `promise.verdicts`, keyed by case.

    id: a JSON array of case, subject, kind, ordinal and revision.
    revision: 0 for the first verdict; it increases with every change of an outcome, of the location, of `retracted`,
    or of whether the evidence is assumed.
    retracted: a correction removed this promise: origin, policy and made_at are null, and the outcomes are the last
    ones.
    decided_at: the watermark of the partition at this judgement.
    evidence: the basis of the current outcome: an event, a deadline that passed without one, or a step that is known
    only by a proxy (assumed).
    """

    id: str
    case: str
    subject: str
    kind: str
    ordinal: int
    revision: int
    retracted: bool
    origin: Origin | None
    location: str | None
    policy: str | None
    made_at: Moment | None
    decided_at: Moment
    evidence: Evidence
    original: BasisVerdict
    current: BasisVerdict


class AlertRecord(Struct, frozen=True, kw_only=True, tag_field="type", tag="alert"):
    """A promise that is about to be broken (`at_risk`), or that is past its current due with nothing delivered
    (`overdue`); a record of `promise.alerts`, keyed by case.

    id: a JSON array of case, subject, kind, ordinal, stage and due, so there is one alert for each stage of each due.
    """

    id: str
    case: str
    subject: str
    kind: str
    ordinal: int
    stage: Stage
    due: Moment
    location: str | None
    staff: str | None
    policy: str
    decided_at: Moment
