"""How all promises of a day stand: as truly judged from canonical events, and as the verdicts in Kafka have it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import msgspec

from schemas.instants import Instant, to_datetime
from schemas.verdicts import BasisVerdict, VerdictRecord
from streams.judging.admission import admit
from streams.judging.case import Outcome
from streams.judging.history import History, insert
from streams.judging.policy import Policies
from streams.judging.settle import judge
from tests.day.orders import Order, truth


class Stands(NamedTuple):
    """How a promise stands on one basis. lateness: in seconds, signed."""

    verdict: str
    reason: str
    due: datetime
    lateness: float | None


Key = tuple[str, str]
"""Case and kind."""


def truly(orders: Iterable[Order], policies: Policies, now: Instant) -> dict[Key, tuple[Stands, Stands]]:
    """Every promise of the day, on the original and the current basis."""
    found: dict[Key, tuple[Stands, Stands]] = {}
    for order in orders:
        history: History = []
        for event in truth(order):
            insert(history, admit(event, policies))
        found |= stands(order.case, history, policies, now)
    return found


def stands(case: str, history: History, policies: Policies, now: Instant) -> dict[Key, tuple[Stands, Stands]]:
    """Every promise of one case, on the original and the current basis."""
    return {
        (case, promise.key.kind): (_outcome(judged.original), _outcome(judged.current))
        for promise, judged in judge(history, policies, now).promises
    }


def _outcome(outcome: Outcome) -> Stands:
    lateness = None if outcome.lateness is None else outcome.lateness / 1000
    return Stands(*outcome.ruling, to_datetime(outcome.due), lateness)


def read_verdicts(values: Iterable[bytes | None]) -> dict[Key, list[VerdictRecord]]:
    """The verdicts on each promise, revision by revision."""
    found: dict[Key, list[VerdictRecord]] = {}
    for value in values:
        record = msgspec.json.decode(value or b"", type=VerdictRecord)
        found.setdefault((record.case, record.kind), []).append(record)
    return {key: sorted(records, key=lambda record: record.revision) for key, records in found.items()}


def last(verdicts: dict[Key, list[VerdictRecord]]) -> dict[Key, tuple[Stands, Stands]]:
    """How each promise stands by its last verdict; one that was retracted is none."""
    return {
        key: (_finding(records[-1].original), _finding(records[-1].current))
        for key, records in verdicts.items()
        if not records[-1].retracted
    }


def _finding(finding: BasisVerdict) -> Stands:
    return Stands(finding.verdict, finding.reason, finding.due, finding.lateness_seconds)
