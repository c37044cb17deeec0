"""The alerts that wait to be taken by the receiver: which is tried next and when, and which are given up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from schemas.instants import NEVER, Instant
from streams.notifier.alerts import OutgoingAlert
from streams.notifier.progress import CommittedPosition, Progress
from streams.notifier.responses import Millis, WebhookResponse, pause

Taken = Literal["waits", "settled", "too_old"]

_FULL: Final = 1000
_REMEMBERED: Final = 50_000


class AlertPosition(NamedTuple):
    """Where a record is in promise.alerts."""

    partition: int
    offset: int


@dataclass(slots=True)
class QueuedAlert:
    """An alert that the receiver does not have yet. not_before: when it may be tried. last: the answer to the last of
    its tries."""

    place: AlertPosition
    alert: OutgoingAlert
    not_before: Instant
    tries: int = 0
    last: WebhookResponse | None = None


class AlertQueue:
    """What waits, and how far each partition is dealt with. max_age: of an alert that is still worth sending.

    Each alert that is not taken waits for growing pauses of its own. After a failure that is not about the alert alone
    the receiver is left in peace for the shortest of them, or as long as it asks; then whoever waits longest is next.
    """

    def __init__(self, max_age: Millis) -> None:
        self._max_age = max_age
        self._progress: dict[int, Progress] = {}
        self._waiting: dict[AlertPosition, QueuedAlert] = {}
        self._had: dict[str, None] = {}
        self._failures = 0
        self._closed_until: Instant = 0

    def __len__(self) -> int:
        """How many alerts wait."""
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether to read no more for now."""
        return len(self) >= _FULL

    @property
    def failures(self) -> int:
        """How many tries in a row failed, those aside that were about an alert alone."""
        return self._failures

    @property
    def positions(self) -> dict[int, CommittedPosition]:
        """What to commit of each partition."""
        return {partition: progress.position for partition, progress in self._progress.items()}

    def open(self, starts: Mapping[int, CommittedPosition]) -> None:
        """Go on from these positions, of these partitions alone: others took the rest, or have settled some of it."""
        self._progress = {partition: Progress(start) for partition, start in starts.items()}
        self._waiting.clear()

    def take(self, place: AlertPosition, alert: OutgoingAlert | None, now: Instant) -> Taken:
        """A record that was read; without an alert there is nothing to send. Says what becomes of it."""
        progress = self._progress[place.partition]
        if not progress.read(place.offset):
            return "settled"
        if alert is None or alert.webhook_id in self._had:
            progress.settle(place.offset)
            return "settled"
        if self._is_too_old(alert, now):
            progress.settle(place.offset)
            return "too_old"
        self._waiting[place] = QueuedAlert(place, alert, now)
        return "waits"

    def next_at(self) -> Instant:
        """When something may be tried; NEVER where nothing waits."""
        first = min((one.not_before for one in self._waiting.values()), default=NEVER)
        return max(first, self._closed_until)

    def next(self, now: Instant) -> QueuedAlert | None:
        """Whose turn it is, if anything may be tried now: who waits longest since the last try."""
        if not self._waiting or self.next_at() > now:
            return None
        return min(self._waiting.values(), key=lambda one: one.not_before)

    def answered(self, tried: QueuedAlert, answer: WebhookResponse, now: Instant, chance: float) -> None:
        """The answer to a try, which came at `now`. chance: 0 to 1, spreads the pauses."""
        tried.tries += 1
        tried.last = answer
        if answer.is_taken:
            self._failures = 0
            self._remember(tried.alert.webhook_id)
            for one in [one for one in self._waiting.values() if one.alert.webhook_id == tried.alert.webhook_id]:
                self._settle(one)
            return
        tried.not_before = now + pause(tried.tries, answer.asked, chance)
        if not answer.is_about_the_alert:
            self._failures += 1
            self._closed_until = now + pause(1, answer.asked, chance)

    def give_up(self, now: Instant) -> list[QueuedAlert]:
        """The alerts that have become too old; they wait no longer."""
        old = [one for one in self._waiting.values() if self._is_too_old(one.alert, now)]
        for one in old:
            self._settle(one)
        return old

    def _is_too_old(self, alert: OutgoingAlert, now: Instant) -> bool:
        return now - alert.since > self._max_age

    def _settle(self, waiting: QueuedAlert) -> None:
        self._waiting.pop(waiting.place, None)
        self._progress[waiting.place.partition].settle(waiting.place.offset)

    def _remember(self, webhook_id: str) -> None:
        """The workers repeat an alert under its id where they do not write in transactions."""
        self._had[webhook_id] = None
        if len(self._had) > _REMEMBERED:
            del self._had[next(iter(self._had))]
