"""The notifier: reads alerts, sends them to the webhook, and commits its progress."""

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
from streams.notifier.consumer import AlertConsumer
from streams.notifier.queue import AlertQueue, QueuedAlert
from streams.notifier.responses import Millis, WebhookResponse
from streams.notifier.sender import HttpSender
from streams.notifier.webhook import Webhook
from streams.records import KafkaRecord
from streams.signatures.standard_webhooks import signature_headers
from streams.text import one_line
from streams.wall_clock import wall_clock

log = logging.getLogger("promises")

_STEP_SECONDS: Final = 0.5
"""The maximum duration of a step, after which termination is checked."""


@dataclass(frozen=True, slots=True)
class NotifierSettings:
    """The settings of a notifier. stages: of the alerts to send. max_age: older alerts are not sent."""

    connection: Connection
    group: str
    webhook: Webhook
    secrets: Sequence[bytes]
    stages: Collection[Stage]
    max_age: Millis


def run(settings: NotifierSettings, is_terminated: Callable[[], bool]) -> None:
    """Send alerts until `is_terminated`. Raises KafkaFailed."""
    with closing(AlertConsumer(settings.connection, settings.group)) as consumer:
        log.info(
            "sending %s of %s on %s to %s, as group %s",
            " and ".join(settings.stages),
            ALERTS.name,
            settings.connection.bootstrap,
            settings.webhook,
            settings.group,
        )
        notifier = _Notifier(settings, consumer, is_terminated)
        while not is_terminated():
            notifier.step()


class _Notifier:
    def __init__(self, settings: NotifierSettings, consumer: AlertConsumer, is_terminated: Callable[[], bool]) -> None:
        self._settings = settings
        self._consumer = consumer
        self._is_terminated = is_terminated
        self._sender = HttpSender(settings.webhook)
        self._queue = AlertQueue(settings.max_age)

    def step(self) -> None:
        """Read new alerts, then send those that are due, for a limited time so that reading goes on."""
        self._read(min(_STEP_SECONDS, max(0, self._queue.next_at() - wall_clock()) / 1000))
        self._give_up()
        self._consumer.commit(self._queue.positions)
        deadline = time.monotonic() + _STEP_SECONDS
        while time.monotonic() < deadline and not self._is_terminated():
            queued = self._queue.next(wall_clock())
            if queued is None:
                return
            self._send(queued)

    def _read(self, seconds: float) -> None:
        poll = self._consumer.read(seconds, is_full=self._queue.is_full)
        if poll.starts is not None:
            self._queue.assign(poll.starts)
            if poll.starts:
                log.info("reading %s, partitions %s", ALERTS.name, ", ".join(map(str, sorted(poll.starts))))
        now = wall_clock()
        old = [alert for record in poll.records if (alert := self._enqueue(record, now))]
        if old:
            span = " to ".join(f"{one_line(alert.id)} of {format_instant(alert.since)}" for alert in (old[0], old[-1]))
            log.warning("%d alerts are too old to be sent: %s", len(old), span)

    def _enqueue(self, record: KafkaRecord, now: Instant) -> OutgoingAlert | None:
        """Queue the alert in a record. Return the alert if it is too old to be sent."""
        try:
            alert = read_alert(record.value, now)
        except NotAnAlert as error:
            log.warning("%s %s is not an alert: %s", ALERTS.name, record.position, one_line(str(error)))
            self._queue.add(record.position, None, now)
            return None
        selected = alert if alert.stage in self._settings.stages else None
        return alert if self._queue.add(record.position, selected, now) == "too_old" else None

    def _send(self, queued: QueuedAlert) -> None:
        alert, failures = queued.alert, self._queue.failures
        headers = signature_headers(alert.webhook_id, alert.body, self._settings.secrets, wall_clock())
        response = self._sender.send(headers, alert.body, self._is_terminated)
        if response is None:
            return
        self._queue.handle_response(queued, response, wall_clock(), random.random())
        if response.is_accepted:
            log.info("%s is sent: %s, try %d", alert.webhook_id, one_line(alert.id), queued.tries)
            self._consumer.commit(self._queue.positions)
        self._log_failures(response, failures)

    def _log_failures(self, response: WebhookResponse, before: int) -> None:
        """Log once when the receiver stops accepting alerts, and once when it accepts them again."""
        if before and not self._queue.failures:
            log.warning("%s accepts alerts again after %d failed tries", self._settings.webhook, before)
        if self._queue.failures and not before:
            log.warning("%s does not accept alerts: %s; retrying", self._settings.webhook, response.text)

    def _give_up(self) -> None:
        for queued in self._queue.give_up(wall_clock()):
            reason = queued.last.text if queued.last else "it was never tried"
            name, alert = queued.alert.webhook_id, one_line(queued.alert.id)
            log.error("%s is given up after %d tries: %s: %s", name, queued.tries, alert, reason)
