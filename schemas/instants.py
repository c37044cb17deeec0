"""Instants: RFC 3339 on the wire, whole milliseconds since 1970-01-01T00:00:00Z inside.

Decoding rounds to microseconds, and the conversion to an Instant truncates to milliseconds. Both sides of every
comparison are treated alike.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

import msgspec

Instant = int
"""Milliseconds since 1970-01-01T00:00:00Z."""

NEVER: Final[Instant] = 1 << 60
"""Later than every valid instant."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_FIRST: Final = (datetime(2000, 1, 1, tzinfo=UTC) - _EPOCH) // _MILLISECOND
_END: Final = (datetime(2100, 1, 1, tzinfo=UTC) - _EPOCH) // _MILLISECOND


class ImplausibleInstant(ValueError):
    """An instant outside the years 2000 to 2099, such as the zero of a clock or a placeholder for "never"."""


def from_datetime(moment: datetime) -> Instant:
    """Convert `moment`, which has a time zone, to an instant.

    Raises ImplausibleInstant outside the years 2000 to 2099. Point-of-sale systems use 1970 and 9999 as placeholders.
    """
    since = moment - _EPOCH
    at = since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000
    if not _FIRST <= at < _END:
        raise ImplausibleInstant(f"{moment.isoformat()} is outside the years 2000 to 2099")
    return at


def to_datetime(at: Instant) -> datetime:
    """Convert `at` to a datetime in UTC, for a record on the wire."""
    return _EPOCH + at * _MILLISECOND


def parse_instant(text: str) -> Instant:
    """Parse an RFC 3339 text, such as an event has. Raises ValueError with the reason if it is invalid."""
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        raise ValueError(f"{text!r} is not RFC 3339: write it like 2026-03-01T12:40:00Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone: write it like 2026-03-01T12:40:00Z")
    return from_datetime(moment)


def format_instant(at: Instant) -> str:
    """Format `at` as RFC 3339 in UTC with milliseconds, such as 2026-03-01T12:40:00.000Z."""
    minute, millis = divmod(at, 60_000)
    return f"{_minute_prefix(minute)}{millis // 1000:02}.{millis % 1000:03}Z"


@lru_cache(maxsize=4096)
def _minute_prefix(number: int) -> str:
    """Return the beginning of all instants in a minute. Cached, because few minutes are formatted again and again."""
    return to_datetime(number * 60_000).isoformat()[: len("2026-03-01T12:40:")]


Millis = int
"""A length of time in milliseconds."""
