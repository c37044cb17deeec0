"""The queue of alerts: which alert is tried next and when, and which are given up. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from schemas.instants import NEVER, Instant
from streams.notifier.alerts import OutgoingAlert
from streams.notifier.progress import CommittedPosition, Progress
from streams.notifier.responses import Millis, WebhookResponse, retry_delay
from streams.records import RecordPosition

AddResult = Literal["waits", "settled", "too_old"]

_CAPACITY: Final = 1000
_SENT_IDS: Final = 50_000
"""The number of ids of sent alerts that are remembered."""


@dataclass(slots=True)
class QueuedAlert:
    """An alert that the receiver has not accepted yet. not_before: the earliest next try. last: the last response."""

    position: RecordPosition
    alert: OutgoingAlert
    not_before: Instant
    tries: int = 0
    last: WebhookResponse | None = None


class AlertQueue:
    """The waiting alerts, and the progress in each partition. max_age: older alerts are given up.

    The delay between the tries of an alert grows. After a failure that does not concern the alert alone, nothing is
    sent for the shortest delay, or for as long as the receiver asks. Then the alert that has waited longest is next.
    """

    def __init__(self, max_age: Millis) -> None:
        self._max_age = max_age
        self._progress: dict[int, Progress] = {}
        self._waiting: dict[RecordPosition, QueuedAlert] = {}
        self._sent: dict[str, None] = {}
        self._failures = 0
        self._paused_until: Instant = 0

    def __len__(self) -> int:
        """Return the number of waiting alerts."""
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether no more alerts should be read for now."""
        return len(self) >= _CAPACITY

    @property
    def failures(self) -> int:
        """The number of failed tries in a row, without those that concern an alert alone."""
        return self._failures

    @property
    def positions(self) -> dict[int, CommittedPosition]:
        """The position of each partition to commit."""
        return {partition: progress.position for partition, progress in self._progress.items()}

    def assign(self, starts: Mapping[int, CommittedPosition]) -> None:
        """Drop all alerts and start from the committed positions of the assigned partitions.

        Other members may have settled alerts meanwhile.
        """
        self._progress = {partition: Progress(start) for partition, start in starts.items()}
        self._waiting.clear()

    def add(self, position: RecordPosition, alert: OutgoingAlert | None, now: Instant) -> AddResult:
        """Add a record that was read; alert: None if it has nothing to send. Return its state."""
        progress = self._progress[position.partition]
        if not progress.read(position.offset):
            return "settled"
        if alert is None or alert.webhook_id in self._sent:
            progress.settle(position.offset)
            return "settled"
        if self._is_too_old(alert, now):
            progress.settle(position.offset)
            return "too_old"
        self._waiting[position] = QueuedAlert(position, alert, now)
        return "waits"

    def next_at(self) -> Instant:
        """Return the time of the next try; NEVER if no alert waits."""
        first = min((queued.not_before for queued in self._waiting.values()), default=NEVER)
        return max(first, self._paused_until)

    def next(self, now: Instant) -> QueuedAlert | None:
        """Return the alert that has waited longest, if it may be tried now."""
        if not self._waiting or self.next_at() > now:
            return None
        return min(self._waiting.values(), key=lambda queued: queued.not_before)

    def handle_response(self, tried: QueuedAlert, response: WebhookResponse, now: Instant, chance: float) -> None:
        """Handle the response to a try, received at `now`. chance: 0 to 1, spreads the delays."""
        tried.tries += 1
        tried.last = response
        if response.is_accepted:
            self._failures = 0
            self._remember(tried.alert.webhook_id)
            for queued in self._with_id(tried.alert.webhook_id):
                self._settle(queued)
            return
        tried.not_before = now + retry_delay(tried.tries, response.retry_after, chance)
        if not response.concerns_the_alert:
            self._failures += 1
            self._paused_until = now + retry_delay(1, response.retry_after, chance)

    def give_up(self, now: Instant) -> list[QueuedAlert]:
        """Remove the alerts that have become too old, and return them."""
        old = [queued for queued in self._waiting.values() if self._is_too_old(queued.alert, now)]
        for queued in old:
            self._settle(queued)
        return old

    def _with_id(self, webhook_id: str) -> list[QueuedAlert]:
        return [queued for queued in self._waiting.values() if queued.alert.webhook_id == webhook_id]

    def _is_too_old(self, alert: OutgoingAlert, now: Instant) -> bool:
        return now - alert.since > self._max_age

    def _settle(self, queued: QueuedAlert) -> None:
        self._waiting.pop(queued.position, None)
        self._progress[queued.position.partition].settle(queued.position.offset)

    def _remember(self, webhook_id: str) -> None:
        """Remember a sent id: workers may repeat an alert with its id if they do not write in transactions."""
        self._sent[webhook_id] = None
        if len(self._sent) > _SENT_IDS:
            del self._sent[next(iter(self._sent))]
