"""Tests of the queue of alerts: receivers that are down, slow or refuse one alert; old alerts; restarts."""

from __future__ import annotations

import pytest

from schemas.instants import NEVER, Instant
from streams.notifier.alerts import OutgoingAlert
from streams.notifier.progress import CommittedPosition
from streams.notifier.queue import AlertQueue
from streams.notifier.responses import WebhookResponse
from streams.records import RecordPosition
from tests.notifier.alerts import MINUTE, NOON, SECOND, outgoing_alert

ACCEPTED, DOWN = WebhookResponse(204, "204 No Content"), WebhookResponse(503, "503 Service Unavailable")
REFUSED = WebhookResponse(422, "422 Unprocessable Content")
MAX_AGE = 15 * MINUTE


def queue_of(
    *waiting: OutgoingAlert, starts: dict[int, CommittedPosition] | None = None, now: Instant = NOON
) -> AlertQueue:
    """Return a queue of two partitions with these alerts, all of partition 0, added at `now`."""
    queue = AlertQueue(MAX_AGE)
    queue.assign(starts or {0: CommittedPosition(0), 1: CommittedPosition(0)})
    for offset, alert in enumerate(waiting):
        queue.add(RecordPosition(0, offset), alert, now)
    return queue


def attempt(queue: AlertQueue, response: WebhookResponse, now: Instant) -> str | None:
    """Give the next alert at `now` this response. Return its case; None if no alert is due."""
    queued = queue.next(now)
    if queued is None:
        return None
    queue.handle_response(queued, response, now, chance=0.5)
    return queued.alert.id.split('"')[1]


def test_an_alert_is_sent_once() -> None:
    queue = queue_of(outgoing_alert("o-1"))
    assert attempt(queue, ACCEPTED, NOON) == "o-1"
    assert attempt(queue, ACCEPTED, NOON + MINUTE) is None
    assert (len(queue), queue.next_at(), queue.positions) == (
        0,
        NEVER,
        {0: CommittedPosition(1), 1: CommittedPosition(0)},
    )


def test_an_alert_is_retried_with_growing_delays() -> None:
    queue, at = queue_of(outgoing_alert("o-1")), NOON
    for delay in (1, 2, 4, 8, 16, 32, 60, 60):
        assert attempt(queue, DOWN, at) == "o-1"
        at += delay * SECOND
        assert attempt(queue, DOWN, at - 1) is None
    assert (attempt(queue, ACCEPTED, at), queue.failures) == ("o-1", 0)


def test_a_receiver_that_is_down_is_tried_once_a_second_for_any_number_of_alerts() -> None:
    queue = queue_of(*(outgoing_alert(f"o-{number}") for number in range(500)))
    tried = [attempt(queue, DOWN, NOON + tenth * SECOND // 10) for tenth in range(300)]
    assert [case for case in tried if case] == [tried[second * 10] for second in range(30)]


def test_a_new_alert_does_not_wait_for_the_delays_of_others() -> None:
    queue = queue_of(outgoing_alert("o-1"))
    for second in (0, 1, 3, 7, 15):
        assert attempt(queue, DOWN, NOON + second * SECOND) == "o-1"
    queue.add(RecordPosition(1, 0), outgoing_alert("o-2", NOON + 15 * SECOND), NOON + 15 * SECOND)
    assert attempt(queue, ACCEPTED, NOON + 15 * SECOND) is None
    assert attempt(queue, ACCEPTED, NOON + 16 * SECOND) == "o-2"
    assert queue.next_at() == NOON + 31 * SECOND


def test_retry_after_delays_all_alerts_if_the_receiver_is_overloaded() -> None:
    queue = queue_of(outgoing_alert("o-1"), outgoing_alert("o-2"))
    attempt(queue, WebhookResponse(429, "429 Too Many Requests", retry_after=2 * MINUTE), NOON)
    assert queue.next_at() == NOON + 2 * MINUTE
    assert attempt(queue, ACCEPTED, NOON + 2 * MINUTE) == "o-2"


def test_retry_after_delays_one_alert_if_the_response_concerns_it_alone() -> None:
    queue = queue_of(outgoing_alert("o-1"), outgoing_alert("o-2"))
    attempt(queue, WebhookResponse(409, "409 Conflict", retry_after=30 * SECOND), NOON)
    assert attempt(queue, ACCEPTED, NOON) == "o-2"
    assert queue.next_at() == NOON + 30 * SECOND


def test_a_refused_alert_does_not_delay_the_others() -> None:
    queue = queue_of(outgoing_alert("o-1"), outgoing_alert("o-2"), outgoing_alert("o-3"))
    assert attempt(queue, REFUSED, NOON) == "o-1"
    assert [attempt(queue, ACCEPTED, NOON), attempt(queue, ACCEPTED, NOON)] == ["o-2", "o-3"]
    assert queue.positions[0] == CommittedPosition(0, "3")
    assert attempt(queue, ACCEPTED, NOON + SECOND) == "o-1"
    assert queue.positions[0] == CommittedPosition(3)


def test_an_alert_that_causes_a_server_error_goes_to_the_end_of_the_queue() -> None:
    queue = queue_of(outgoing_alert("o-1"), outgoing_alert("o-2"))
    attempt(queue, WebhookResponse(500, "500 Internal Server Error"), NOON)
    assert attempt(queue, ACCEPTED, NOON + SECOND) == "o-2"
    assert attempt(queue, ACCEPTED, NOON + 2 * SECOND) == "o-1"


def test_alerts_that_become_too_old_are_given_up() -> None:
    queue = queue_of(outgoing_alert("o-1"), outgoing_alert("o-2", NOON + MINUTE))
    attempt(queue, DOWN, NOON + MINUTE)
    assert queue.give_up(NOON + MAX_AGE) == []
    (given_up,) = queue.give_up(NOON + MAX_AGE + 1)
    assert (given_up.alert, given_up.tries, given_up.last) == (outgoing_alert("o-1"), 1, DOWN)
    assert attempt(queue, ACCEPTED, NOON + MAX_AGE + 1) == "o-2"
    assert queue.positions[0] == CommittedPosition(2)


def test_an_alert_that_is_too_old_when_read_is_never_tried() -> None:
    queue = queue_of()
    assert queue.add(RecordPosition(0, 0), outgoing_alert("o-1"), NOON + MAX_AGE + 1) == "too_old"
    assert queue.add(RecordPosition(0, 1), outgoing_alert("o-2"), NOON + MAX_AGE) == "waits"
    assert attempt(queue, ACCEPTED, NOON + MAX_AGE) == "o-2"


def test_a_record_without_an_alert_to_send_is_settled_at_once() -> None:
    queue = queue_of()
    assert queue.add(RecordPosition(1, 4), None, NOON) == "settled"
    assert (attempt(queue, ACCEPTED, NOON), queue.positions[1]) == (None, CommittedPosition(5))


@pytest.mark.parametrize("is_sent_before", [True, False])
def test_an_alert_that_a_worker_repeats_with_its_id_is_sent_once(is_sent_before: bool) -> None:
    queue = queue_of(outgoing_alert("o-1"))
    if is_sent_before:
        attempt(queue, ACCEPTED, NOON)
    queue.add(RecordPosition(0, 1), outgoing_alert("o-1", NOON + SECOND), NOON + SECOND)
    if not is_sent_before:
        attempt(queue, ACCEPTED, NOON + SECOND)
    assert attempt(queue, ACCEPTED, NOON + MINUTE) is None
    assert queue.positions[0] == CommittedPosition(2)


def test_only_unaccepted_alerts_are_sent_after_a_restart() -> None:
    before = queue_of(outgoing_alert("o-1"), outgoing_alert("o-2"), outgoing_alert("o-3"))
    attempt(before, REFUSED, NOON)
    attempt(before, ACCEPTED, NOON)
    after = queue_of(outgoing_alert("o-1"), outgoing_alert("o-2"), outgoing_alert("o-3"), starts=before.positions)
    assert [attempt(after, ACCEPTED, NOON) for _ in range(3)] == ["o-1", "o-3", None]


def test_the_alerts_of_a_partition_that_is_lost_are_dropped() -> None:
    queue = queue_of(outgoing_alert("o-1"))
    queue.assign({1: CommittedPosition(0)})
    queue.add(RecordPosition(1, 0), outgoing_alert("o-2"), NOON)
    assert [attempt(queue, ACCEPTED, NOON), attempt(queue, ACCEPTED, NOON)] == ["o-2", None]
    assert queue.positions == {1: CommittedPosition(1)}


def test_an_alert_of_a_reassigned_partition_is_not_sent_again() -> None:
    queue = queue_of(outgoing_alert("o-1"))
    attempt(queue, ACCEPTED, NOON)
    queue.assign({0: CommittedPosition(0)})
    assert queue.add(RecordPosition(0, 0), outgoing_alert("o-1"), NOON) == "settled"


def test_the_queue_is_full_at_its_capacity() -> None:
    queue = queue_of(*(outgoing_alert(f"o-{number}") for number in range(999)))
    assert not queue.is_full
    queue.add(RecordPosition(1, 0), outgoing_alert("o-999"), NOON)
    assert queue.is_full
    queue.give_up(NOON + MAX_AGE + 1)
    assert (len(queue), queue.is_full) == (0, False)
