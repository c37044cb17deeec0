"""How long a receiver is left in peace that did not take an alert."""

from __future__ import annotations

from itertools import pairwise

import pytest

from streams.notifier.responses import WebhookResponse, asked_pause, pause
from tests.notifier.told import MINUTE, NOON, SECOND


def test_pauses_double_from_a_second_to_a_minute() -> None:
    pauses = [pause(failures, 0, chance=0.5) for failures in range(1, 10)]
    assert pauses == [SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND, 16 * SECOND, 32 * SECOND, MINUTE, MINUTE, MINUTE]
    assert pause(1_000_000, 0, chance=0.5) == MINUTE


def test_chance_spreads_a_pause_and_never_makes_the_next_shorter() -> None:
    assert (pause(1, 0, 0.0), pause(1, 0, 1.0)) == (750, 1250)
    assert all(pause(one, 0, 1.0) < pause(more, 0, 0.0) for one, more in pairwise(range(1, 7)))


@pytest.mark.parametrize(
    ("retry_after", "asked"),
    [
        (None, 0),
        ("120", 2 * MINUTE),
        (" 5 ", 5 * SECOND),
        ("Fri, 06 Mar 2026 12:01:00 GMT", MINUTE),
        ("Fri, 06 Mar 2026 11:00:00 GMT", 0),
        ("soon", 0),
        ("-3", 0),
        ("9" * 5000, 0),
        ("Fri, 06 Mar 9999999 12:01:00 GMT", 0),
        ("Fri, 06 Mar 1926 12:01:00 GMT", 0),
        ("", 0),
    ],
)
def test_what_a_receiver_asks_for_is_read_from_its_answer(retry_after: str | None, asked: int) -> None:
    assert asked_pause(retry_after, NOON) == asked


def test_a_receiver_may_ask_for_more_patience_and_not_for_silence() -> None:
    assert pause(1, 90 * SECOND, 0.5) == 90 * SECOND
    assert pause(7, 5 * SECOND, 0.5) == MINUTE
    assert pause(1, 24 * 60 * MINUTE, 0.5) == 5 * MINUTE


def test_only_2xx_is_an_alert_taken() -> None:
    statuses = (None, 100, 199, 200, 202, 204, 299, 300, 301, 400, 404, 410, 429, 500, 503)
    assert [status for status in statuses if WebhookResponse(status, "").is_taken] == [200, 202, 204, 299]
