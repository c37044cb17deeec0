"""The notifier, put together: reads alerts, has them carried to the webhook, and keeps how far it is."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from schemas.instants import Instant, format_instant
from schemas.words import Stage
from streams.kafka.connection import Connection
from streams.kafka.topics import ALERTS
from streams.notifier.alerts import NotAnAlert, OutgoingAlert, read_alert
from streams.notifier.consumer import AlertConsumer, AlertRecordRead
from streams.notifier.queue import AlertQueue, QueuedAlert
from streams.notifier.responses import Millis, WebhookResponse
from streams.notifier.sender import HttpSender
from streams.notifier.text import one_line
from streams.notifier.webhook import Webhook
from streams.signatures.standard_webhooks import signature_headers
from streams.wall_clock import wall_clock

log = logging.getLogger("promises")

_STEP: Final = 0.5
"""Seconds until it is seen that the process is told to end."""


@dataclass(frozen=True, slots=True)
class NotifierSettings:
    """What is sent, to whom. stages: of the alerts to send. max_age: of an alert that is still worth sending."""

    connection: Connection
    group: str
    webhook: Webhook
    secrets: Sequence[bytes]
    stages: Collection[Stage]
    max_age: Millis


def run(notices: NotifierSettings, is_over: Callable[[], bool]) -> None:
    """Send alerts until `is_over`. Raises KafkaFailed."""
    with closing(AlertConsumer(notices.connection, notices.group)) as inbox:
        log.info(
            "sending %s of %s on %s to %s, as group %s",
            " and ".join(notices.stages),
            ALERTS.name,
            notices.connection.bootstrap,
            notices.webhook,
            notices.group,
        )
        notifier = _Notifier(notices, inbox, is_over)
        while not is_over():
            notifier.step()


class _Notifier:
    def __init__(self, notices: NotifierSettings, inbox: AlertConsumer, is_over: Callable[[], bool]) -> None:
        self._notices = notices
        self._inbox = inbox
        self._is_over = is_over
        self._courier = HttpSender(notices.webhook)
        self._outbox = AlertQueue(notices.max_age)

    def step(self) -> None:
        """Read what has come, then send what is due for at most so long that reading goes on."""
        self._read(min(_STEP, max(0, self._outbox.next_at() - wall_clock()) / 1000))
        self._give_up()
        self._inbox.commit(self._outbox.positions)
        until = time.monotonic() + _STEP
        while time.monotonic() < until and not self._is_over() and (waiting := self._outbox.next(wall_clock())):
            self._send(waiting)

    def _read(self, seconds: float) -> None:
        reading = self._inbox.read(seconds, is_full=self._outbox.is_full)
        if reading.starts is not None:
            self._outbox.open(reading.starts)
            if reading.starts:
                log.info("reading %s, partitions %s", ALERTS.name, ", ".join(map(str, sorted(reading.starts))))
        now = wall_clock()
        old = [alert for record in reading.records if (alert := self._take(record, now))]
        if old:
            span = " to ".join(f"{one_line(alert.id)} of {format_instant(alert.since)}" for alert in (old[0], old[-1]))
            log.warning("%d alerts are too old to be sent: %s", len(old), span)

    def _take(self, record: AlertRecordRead, now: Instant) -> OutgoingAlert | None:
        """The alert in a record, if it is too old."""
        try:
            alert = read_alert(record.value, now)
        except NotAnAlert as error:
            log.warning("%s %d, offset %d is no alert: %s", ALERTS.name, *record.place, one_line(str(error)))
            self._outbox.take(record.place, None, now)
            return None
        wanted = alert if alert.stage in self._notices.stages else None
        return alert if self._outbox.take(record.place, wanted, now) == "too_old" else None

    def _send(self, waiting: QueuedAlert) -> None:
        alert, failures = waiting.alert, self._outbox.failures
        headers = signature_headers(alert.webhook_id, alert.body, self._notices.secrets, wall_clock())
        answer = self._courier.deliver(headers, alert.body, self._is_over)
        if answer is None:
            return
        self._outbox.answered(waiting, answer, wall_clock(), random.random())
        if answer.is_taken:
            log.info("%s is sent: %s, try %d", alert.webhook_id, one_line(alert.id), waiting.tries)
            self._inbox.commit(self._outbox.positions)
        self._tell(answer, failures)

    def _tell(self, answer: WebhookResponse, before: int) -> None:
        """Say once that the receiver takes no alerts, and once that it does again."""
        if before and not self._outbox.failures:
            log.warning("%s takes alerts again after %d failed tries", self._notices.webhook, before)
        if self._outbox.failures and not before:
            log.warning("%s takes no alerts: %s; it is tried again", self._notices.webhook, answer.said)

    def _give_up(self) -> None:
        for one in self._outbox.give_up(wall_clock()):
            said = one.last.said if one.last else "its turn did not come"
            name, alert = one.alert.webhook_id, one_line(one.alert.id)
            log.error("%s is given up after %d tries: %s: %s", name, one.tries, alert, said)
