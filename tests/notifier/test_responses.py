"""Tests of the delays after a response of a receiver."""

from __future__ import annotations

from itertools import pairwise

import pytest

from streams.notifier.responses import WebhookResponse, parse_retry_after, retry_delay
from tests.notifier.alerts import MINUTE, NOON, SECOND


def test_pauses_double_from_a_second_to_a_minute() -> None:
    delays = [retry_delay(failures, 0, chance=0.5) for failures in range(1, 10)]
    assert delays == [SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND, 16 * SECOND, 32 * SECOND, MINUTE, MINUTE, MINUTE]
    assert retry_delay(1_000_000, 0, chance=0.5) == MINUTE


def test_chance_spreads_a_delay_and_never_makes_the_next_shorter() -> None:
    assert (retry_delay(1, 0, 0.0), retry_delay(1, 0, 1.0)) == (750, 1250)
    assert all(retry_delay(fewer, 0, 1.0) < retry_delay(more, 0, 0.0) for fewer, more in pairwise(range(1, 7)))


@pytest.mark.parametrize(
    ("retry_after", "delay"),
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
def test_retry_after_is_read_as_seconds_or_a_date(retry_after: str | None, delay: int) -> None:
    assert parse_retry_after(retry_after, NOON) == delay


def test_retry_after_extends_the_delay_up_to_a_limit() -> None:
    assert retry_delay(1, 90 * SECOND, 0.5) == 90 * SECOND
    assert retry_delay(7, 5 * SECOND, 0.5) == MINUTE
    assert retry_delay(1, 24 * 60 * MINUTE, 0.5) == 5 * MINUTE


def test_only_2xx_statuses_are_accepted() -> None:
    statuses = (None, 100, 199, 200, 202, 204, 299, 300, 301, 400, 404, 410, 429, 500, 503)
    assert [status for status in statuses if WebhookResponse(status, "").is_accepted] == [200, 202, 204, 299]
