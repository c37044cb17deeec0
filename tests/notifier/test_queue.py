"""Who is told when: receivers that are down, slow, or refuse one alert; alerts that are long over; restarts."""

from __future__ import annotations

import pytest

from schemas.instants import NEVER, Instant
from streams.notifier.alerts import OutgoingAlert
from streams.notifier.progress import CommittedPosition
from streams.notifier.queue import AlertPosition, AlertQueue
from streams.notifier.responses import WebhookResponse
from tests.notifier.told import MINUTE, NOON, SECOND, alert

TAKEN, DOWN = WebhookResponse(204, "204 No Content"), WebhookResponse(503, "503 Service Unavailable")
REFUSED = WebhookResponse(422, "422 Unprocessable Content")
MAX_AGE = 15 * MINUTE


def outbox(
    *waiting: OutgoingAlert, starts: dict[int, CommittedPosition] | None = None, now: Instant = NOON
) -> AlertQueue:
    """An outbox of two partitions that was given these alerts, all of partition 0, at `now`."""
    box = AlertQueue(MAX_AGE)
    box.open(starts or {0: CommittedPosition(0), 1: CommittedPosition(0)})
    for offset, one in enumerate(waiting):
        box.take(AlertPosition(0, offset), one, now)
    return box


def tried(box: AlertQueue, answer: WebhookResponse, now: Instant) -> str | None:
    """The case whose turn it is at `now`, which then gets this answer; None where nobody's is."""
    waiting = box.next(now)
    if waiting is None:
        return None
    box.answered(waiting, answer, now, chance=0.5)
    return waiting.alert.id.split('"')[1]


def test_an_alert_is_sent_once_and_then_nothing_is_left() -> None:
    box = outbox(alert("o-1"))
    assert tried(box, TAKEN, NOON) == "o-1"
    assert tried(box, TAKEN, NOON + MINUTE) is None
    assert (len(box), box.next_at(), box.positions) == (0, NEVER, {0: CommittedPosition(1), 1: CommittedPosition(0)})


def test_an_alert_is_tried_again_after_growing_pauses() -> None:
    box, at = outbox(alert("o-1")), NOON
    for pause in (1, 2, 4, 8, 16, 32, 60, 60):
        assert tried(box, DOWN, at) == "o-1"
        at += pause * SECOND
        assert tried(box, DOWN, at - 1) is None
    assert (tried(box, TAKEN, at), box.failures) == ("o-1", 0)


def test_a_receiver_that_is_down_is_tried_once_a_second_however_many_alerts_wait() -> None:
    box = outbox(*(alert(f"o-{number}") for number in range(500)))
    told = [tried(box, DOWN, NOON + tenth * SECOND // 10) for tenth in range(300)]
    assert [case for case in told if case] == [told[second * 10] for second in range(30)]


def test_who_was_not_told_yet_does_not_wait_for_the_pauses_of_others() -> None:
    box = outbox(alert("o-1"))
    for second in (0, 1, 3, 7, 15):
        assert tried(box, DOWN, NOON + second * SECOND) == "o-1"
    box.take(AlertPosition(1, 0), alert("o-2", NOON + 15 * SECOND), NOON + 15 * SECOND)
    assert tried(box, TAKEN, NOON + 15 * SECOND) is None
    assert tried(box, TAKEN, NOON + 16 * SECOND) == "o-2"
    assert box.next_at() == NOON + 31 * SECOND


def test_a_receiver_that_asks_for_two_minutes_is_left_in_peace_for_two_minutes() -> None:
    box = outbox(alert("o-1"), alert("o-2"))
    tried(box, WebhookResponse(429, "429 Too Many Requests", asked=2 * MINUTE), NOON)
    assert box.next_at() == NOON + 2 * MINUTE
    assert tried(box, TAKEN, NOON + 2 * MINUTE) == "o-2"


def test_an_alert_for_which_a_receiver_asks_for_patience_waits_alone() -> None:
    box = outbox(alert("o-1"), alert("o-2"))
    tried(box, WebhookResponse(409, "409 Conflict", asked=30 * SECOND), NOON)
    assert tried(box, TAKEN, NOON) == "o-2"
    assert box.next_at() == NOON + 30 * SECOND


def test_an_alert_that_is_refused_does_not_hold_up_the_others() -> None:
    box = outbox(alert("o-1"), alert("o-2"), alert("o-3"))
    assert tried(box, REFUSED, NOON) == "o-1"
    assert [tried(box, TAKEN, NOON), tried(box, TAKEN, NOON)] == ["o-2", "o-3"]
    assert box.positions[0] == CommittedPosition(0, "3")
    assert tried(box, TAKEN, NOON + SECOND) == "o-1"
    assert box.positions[0] == CommittedPosition(3)


def test_an_alert_on_which_the_receiver_breaks_goes_to_the_end_of_the_queue() -> None:
    box = outbox(alert("o-1"), alert("o-2"))
    tried(box, WebhookResponse(500, "500 Internal Server Error"), NOON)
    assert tried(box, TAKEN, NOON + SECOND) == "o-2"
    assert tried(box, TAKEN, NOON + 2 * SECOND) == "o-1"


def test_nobody_is_woken_by_what_is_long_over() -> None:
    box = outbox(alert("o-1"), alert("o-2", NOON + MINUTE))
    tried(box, DOWN, NOON + MINUTE)
    assert box.give_up(NOON + MAX_AGE) == []
    (given_up,) = box.give_up(NOON + MAX_AGE + 1)
    assert (given_up.alert, given_up.tries, given_up.last) == (alert("o-1"), 1, DOWN)
    assert tried(box, TAKEN, NOON + MAX_AGE + 1) == "o-2"
    assert box.positions[0] == CommittedPosition(2)


def test_what_is_too_old_when_it_is_read_is_never_tried() -> None:
    box = outbox()
    assert box.take(AlertPosition(0, 0), alert("o-1"), NOON + MAX_AGE + 1) == "too_old"
    assert box.take(AlertPosition(0, 1), alert("o-2"), NOON + MAX_AGE) == "waits"
    assert tried(box, TAKEN, NOON + MAX_AGE) == "o-2"


def test_what_is_no_alert_or_not_asked_for_is_passed_over() -> None:
    box = outbox()
    assert box.take(AlertPosition(1, 4), None, NOON) == "settled"
    assert (tried(box, TAKEN, NOON), box.positions[1]) == (None, CommittedPosition(5))


@pytest.mark.parametrize("is_sent_before", [True, False])
def test_an_alert_that_a_worker_repeats_under_its_id_is_sent_once(is_sent_before: bool) -> None:
    box = outbox(alert("o-1"))
    if is_sent_before:
        tried(box, TAKEN, NOON)
    box.take(AlertPosition(0, 1), alert("o-1", NOON + SECOND), NOON + SECOND)
    if not is_sent_before:
        tried(box, TAKEN, NOON + SECOND)
    assert tried(box, TAKEN, NOON + MINUTE) is None
    assert box.positions[0] == CommittedPosition(2)


def test_after_a_restart_only_what_was_not_taken_is_sent() -> None:
    before = outbox(alert("o-1"), alert("o-2"), alert("o-3"))
    tried(before, REFUSED, NOON)
    tried(before, TAKEN, NOON)
    after = outbox(alert("o-1"), alert("o-2"), alert("o-3"), starts=before.positions)
    assert [tried(after, TAKEN, NOON) for _ in range(3)] == ["o-1", "o-3", None]


def test_a_partition_that_goes_to_another_notifier_takes_its_alerts_with_it() -> None:
    box = outbox(alert("o-1"))
    box.open({1: CommittedPosition(0)})
    box.take(AlertPosition(1, 0), alert("o-2"), NOON)
    assert [tried(box, TAKEN, NOON), tried(box, TAKEN, NOON)] == ["o-2", None]
    assert box.positions == {1: CommittedPosition(1)}


def test_a_partition_that_comes_back_does_not_bring_what_was_sent() -> None:
    box = outbox(alert("o-1"))
    tried(box, TAKEN, NOON)
    box.open({0: CommittedPosition(0)})
    assert box.take(AlertPosition(0, 0), alert("o-1"), NOON) == "settled"


def test_a_receiver_that_is_down_for_long_is_not_read_for_without_end() -> None:
    box = outbox(*(alert(f"o-{number}") for number in range(999)))
    assert not box.is_full
    box.take(AlertPosition(1, 0), alert("o-999"), NOON)
    assert box.is_full
    box.give_up(NOON + MAX_AGE + 1)
    assert (len(box), box.is_full) == (0, False)
