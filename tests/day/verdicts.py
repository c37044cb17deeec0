"""The outcomes of all promises of a day: judged from canonical events, and by the verdicts in Kafka."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import msgspec

from schemas.instants import Instant, to_datetime
from schemas.verdicts import BasisVerdict, VerdictRecord
from streams.judging.admission import admit
from streams.judging.case import Outcome
from streams.judging.history import History
from streams.judging.policy import Policies
from streams.judging.settle import judge
from tests.day.orders import Order, truth
from tests.histories import history_of


class Stands(NamedTuple):
    """The outcome of a promise on one basis. lateness: in seconds, signed."""

    verdict: str
    reason: str
    due: datetime
    lateness: float | None


Key = tuple[str, str]
"""Case and kind."""


def truly(orders: Iterable[Order], policies: Policies, now: Instant) -> dict[Key, tuple[Stands, Stands]]:
    """Return every promise of the day, on the original and the current basis."""
    outcomes: dict[Key, tuple[Stands, Stands]] = {}
    for order in orders:
        history = history_of(admit(event, policies) for event in truth(order))
        outcomes |= stands(order.case, history, policies, now)
    return outcomes


def stands(case: str, history: History, policies: Policies, now: Instant) -> dict[Key, tuple[Stands, Stands]]:
    """Return every promise of one case, on the original and the current basis."""
    return {
        (case, promise.key.kind): (_outcome(judged.original), _outcome(judged.current))
        for promise, judged in judge(history, policies, now).promises
    }


def _outcome(outcome: Outcome) -> Stands:
    lateness = None if outcome.lateness is None else outcome.lateness / 1000
    return Stands(*outcome.ruling, to_datetime(outcome.due), lateness)


def read_verdicts(values: Iterable[bytes | None]) -> dict[Key, list[VerdictRecord]]:
    """Return the verdicts on each promise, by revision."""
    outcomes: dict[Key, list[VerdictRecord]] = {}
    for value in values:
        record = msgspec.json.decode(value or b"", type=VerdictRecord)
        outcomes.setdefault((record.case, record.kind), []).append(record)
    return {key: sorted(records, key=lambda record: record.revision) for key, records in outcomes.items()}


def last(verdicts: dict[Key, list[VerdictRecord]]) -> dict[Key, tuple[Stands, Stands]]:
    """Return the outcome of each promise by its last verdict, without promises that were retracted."""
    return {
        key: (_finding(records[-1].original), _finding(records[-1].current))
        for key, records in verdicts.items()
        if not records[-1].retracted
    }


def _finding(finding: BasisVerdict) -> Stands:
    return Stands(finding.verdict, finding.reason, finding.due, finding.lateness_seconds)
