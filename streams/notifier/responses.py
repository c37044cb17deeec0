"""What a receiver answers, and how long to wait before the next try."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

from schemas.instants import Instant, from_datetime

Millis = int

_SHORTEST: Final[Millis] = 1_000
_LONGEST: Final[Millis] = 60_000
_LONGEST_ASKED: Final[Millis] = 300_000
"""A receiver that asks for more by mistake must not silence every alert for a day."""

_ABOUT_THIS_ALERT: Final = {400, 409, 413, 422}
"""Refusals that say nothing of other alerts: the request is malformed, in conflict, too large, not understood."""


class WebhookResponse(NamedTuple):
    """What came back of a try. status: of HTTP; None where no answer came. said: the same in words. asked: how long the
    receiver asks to wait."""

    status: int | None
    said: str
    asked: Millis = 0

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has the alert."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_about_the_alert(self) -> bool:
        """Whether it refuses this alert, where it may well take others."""
        return self.status in _ABOUT_THIS_ALERT


def pause(failures: int, asked: Millis, chance: float) -> Millis:
    """How long to wait after so many failures, at least one: 1 s, doubled each time, up to 60 s; up to a
    quarter more or less by `chance` (0 to 1), so that senders do not come back all at once. Longer where the receiver
    asks for it, up to 5 minutes."""
    grown = min(_LONGEST, _SHORTEST << min(failures - 1, 16))
    return max(int(grown * (0.75 + chance / 2)), min(asked, _LONGEST_ASKED))


def asked_pause(retry_after: str | None, now: Instant) -> Millis:
    """What a Retry-After header asks for: seconds, or a date. 0 without one, or where it cannot be read."""
    if retry_after is None:
        return 0
    if re.fullmatch(r"[0-9]{1,9}", retry_after.strip()):
        return int(retry_after) * 1000
    try:
        return max(0, from_datetime(parsedate_to_datetime(retry_after)) - now)
    except (ValueError, TypeError, OverflowError):  # no date, one without a zone, one that is out of all bounds
        return 0
