"""What comes out: verdicts and alerts, and the ids that make them safe to receive twice."""

from __future__ import annotations

from msgspec import Struct

from schemas.events import Moment
from schemas.words import Evidence, Origin, Reason, Stage, Verdict


class BasisVerdict(Struct, frozen=True, kw_only=True):
    """How a promise stands on one basis.

    lateness_seconds: actual minus due, signed, frozen at completion; null while nothing was delivered.
    staff: the id of the staff member who answers for it, or null.
    """

    verdict: Verdict
    reason: Reason
    due: Moment
    lateness_seconds: float | None
    staff: str | None


class VerdictRecord(Struct, frozen=True, kw_only=True, tag_field="type", tag="verdict"):
    """The judgement of one promise on both bases; a record of `promise.verdicts`, keyed by case.

    id: a JSON array of case, subject, kind, ordinal and revision.
    revision: 0 for the first verdict, one more each time that a finding, the location, `retracted`, or whether the
    evidence is assumed changed.
    retracted: the history no longer holds this promise (its event was corrected): origin, policy and made_at are null,
    and the findings are the last ones.
    decided_at: the instant of the partition's clock at which it was so judged.
    evidence: what it rests on: what happened (event), that nothing did (deadline), or a step that is known by a proxy
    alone (assumed).
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
    """A promise that is about to be broken (`at_risk`) or was due with nothing delivered (`overdue`), on its current
    due; a record of `promise.alerts`, keyed by case.

    id: a JSON array of case, subject, kind, ordinal, stage and due: one alert for each stage of each due.
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
