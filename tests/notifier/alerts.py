"""Alerts as the workers write them."""

from __future__ import annotations

import msgspec

from schemas.instants import Instant, parse_instant, to_datetime
from schemas.verdicts import AlertRecord
from schemas.words import Stage
from streams.notifier.alerts import OutgoingAlert, read_alert

NOON: Instant = parse_instant("2026-03-06T12:00:00Z")
SECOND, MINUTE = 1_000, 60_000


def alert_record(case: str, decided: Instant = NOON, stage: Stage = "overdue") -> bytes:
    """Return the record of an alert on an order."""
    return msgspec.json.encode(
        AlertRecord(
            id=f'["{case}","","ready",0,"{stage}","2026-03-06T12:00:00.000Z"]',
            case=case,
            subject="",
            kind="ready",
            ordinal=0,
            stage=stage,
            due=to_datetime(decided),
            location="soho",
            staff="b17",
            policy="ready",
            decided_at=to_datetime(decided),
        )
    )


def outgoing_alert(case: str, decided: Instant = NOON, stage: Stage = "overdue") -> OutgoingAlert:
    """Return the alert as it is read at the time of its decision."""
    return read_alert(alert_record(case, decided, stage), decided)
