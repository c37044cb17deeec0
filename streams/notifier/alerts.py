"""Alerts to send, read from records of promise.alerts. Pure."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import msgspec

from schemas.instants import Instant, from_datetime
from schemas.verdicts import AlertRecord
from schemas.words import Stage


class NotAnAlert(Exception):
    """A record that is not an alert; the message says what is wrong with it."""


class OutgoingAlert(NamedTuple):
    """An alert to send.

    id: the alert's id in the topic. webhook_id: derived from it, so the same on every try, after every restart and for
    a repeated record. since: the time of the decision, from which its age counts. body: the value of the record.
    """

    id: str
    webhook_id: str
    stage: Stage
    since: Instant
    body: bytes


def read_alert(value: bytes | None, now: Instant) -> OutgoingAlert:
    """Read the alert in a record at `now`. Raises NotAnAlert."""
    try:
        record = msgspec.json.decode(value or b"", type=AlertRecord)
        decided, message_id = from_datetime(record.decided_at), webhook_id(record.id)
    except (ValueError, RecursionError) as error:  # JSON that is not an alert; an instant of another century
        raise NotAnAlert(str(error)) from None
    # If the clock of a worker is ahead, the alert must not stay young for longer.
    since = min(decided, now)
    return OutgoingAlert(id=record.id, webhook_id=message_id, stage=record.stage, since=since, body=value or b"")


def webhook_id(alert_id: str) -> str:
    """Return an id that fits into a header and has no dots, which separate the parts of the signed text."""
    return f"alert_{hashlib.sha256(alert_id.encode()).hexdigest()[:32]}"
