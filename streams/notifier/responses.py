"""Responses of a receiver, and the delay before the next try. Pure."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

from schemas.instants import Instant, from_datetime

Millis = int

_MIN_DELAY: Final[Millis] = 1_000
_MAX_DELAY: Final[Millis] = 60_000
_MAX_RETRY_AFTER: Final[Millis] = 300_000
"""The limit on what a receiver may ask for: a mistake there must not silence every alert for a day."""

_CONCERN_THE_ALERT: Final = {400, 409, 413, 422}
"""Statuses that concern this request alone: malformed, in conflict, too large, not understood."""


class WebhookResponse(NamedTuple):
    """The result of a try. status: the HTTP status, None without a response. text: the same in words. retry_after: the
    delay that the receiver asks for."""

    status: int | None
    text: str
    retry_after: Millis = 0

    @property
    def is_accepted(self) -> bool:
        """Whether the receiver has the alert."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def concerns_the_alert(self) -> bool:
        """Whether the receiver refuses only this alert, and may accept others."""
        return self.status in _CONCERN_THE_ALERT


def retry_delay(failures: int, retry_after: Millis, chance: float) -> Millis:
    """Return the delay after one or more failures: 1 s, doubled each time, up to 60 s.

    It is up to a quarter longer or shorter by `chance` (0 to 1), so that senders do not all retry at once. It is longer
    if the receiver asks for that, up to 5 minutes.
    """
    grown = min(_MAX_DELAY, _MIN_DELAY << min(failures - 1, 16))
    return max(int(grown * (0.75 + chance / 2)), min(retry_after, _MAX_RETRY_AFTER))


def parse_retry_after(retry_after: str | None, now: Instant) -> Millis:
    """Return the delay in a Retry-After header, which has seconds or a date; 0 if it is missing or cannot be read."""
    if retry_after is None:
        return 0
    if re.fullmatch(r"[0-9]{1,9}", retry_after.strip()):
        return int(retry_after) * 1000
    try:
        return max(0, from_datetime(parsedate_to_datetime(retry_after)) - now)
    except (ValueError, TypeError, OverflowError):  # no date, one without a zone, one that is out of all bounds
        return 0
