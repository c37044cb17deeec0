"""From a record of promise.alerts to what is sent."""

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

    id: its own, as in the topic. webhook_id: the same on every try, after every restart and for every repetition of the
    alert. since: when it was decided, from which its age counts. body: the record as it stands in the topic.
    """

    id: str
    webhook_id: str
    stage: Stage
    since: Instant
    body: bytes


def read_alert(value: bytes | None, now: Instant) -> OutgoingAlert:
    """The alert in a record that is read at `now`. Raises NotAnAlert."""
    try:
        found = msgspec.json.decode(value or b"", type=AlertRecord)
        decided, name = from_datetime(found.decided_at), webhook_id(found.id)
    except (ValueError, RecursionError) as error:  # JSON that is not an alert; an instant of another century
        raise NotAnAlert(str(error)) from None
    # A worker's clock that is ahead must not keep an alert young.
    return OutgoingAlert(found.id, name, found.stage, min(decided, now), value or b"")


def webhook_id(alert_id: str) -> str:
    """A name for the alert that fits into a header, and has none of the dots that separate what is signed."""
    return f"alert_{hashlib.sha256(alert_id.encode()).hexdigest()[:32]}"
