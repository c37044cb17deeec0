"""Times as point-of-sale systems write them, and arithmetic with them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICKS_EPOCH: Final = datetime(1, 1, 1, tzinfo=UTC)
_LAST_ZERO_YEAR: Final = 1970
_FIRST_NEVER_YEAR: Final = 9999
"""Times of years up to the first, where the zeros of Unix and .NET lie, and from the second on stand for "never"."""

_DIGITS: Final = re.compile(r"\d{9,19}")
_OFFSET: Final = re.compile(r"([+-])(\d\d?)(?::?(\d\d))?")
_DURATION: Final = re.compile(
    r"P(?:(?P<weeks>[\d.]+)W)?(?:(?P<days>[\d.]+)D)?"
    r"(?:T(?:(?P<hours>[\d.]+)H)?(?:(?P<minutes>[\d.]+)M)?(?:(?P<seconds>[\d.]+)S)?)?"
)
_CLOCK: Final = re.compile(r"\s*(\d\d?)[:.h](\d\d)(?::(\d\d))?\s*([AaPp]\.?[Mm]\.?)?\s*")


class InvalidTime(ValueError):
    """A value that cannot be read as a time. The message says what to write instead."""


def moment_of(value: Any) -> datetime | None:
    """Return the time in `value`: RFC 3339 with any fraction, or a number since 1970 in s, ms, us or ns by its size.

    Returns None for null, an empty text, and a year that stands for "never". Raises InvalidTime.
    """
    if value.__class__ is str and value[4:5] == "-":  # the most common case
        moment = _parsed(value)
    elif value is None or value == "":
        return None
    elif isinstance(value, str):
        moment = _since_epoch(int(value)) if _DIGITS.fullmatch(value) else _parsed(value)
    elif isinstance(value, datetime):
        moment = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        moment = _since_epoch(value)
    else:
        raise InvalidTime(f"{value!r} is not a time")
    if moment is None or not _LAST_ZERO_YEAR < moment.year < _FIRST_NEVER_YEAR:
        return None
    if moment.tzinfo is None:
        remedy = "write $local(..., $zone(location)) or $local(..., 'Europe/Dublin')"
        raise InvalidTime(f"{value!r} has no time zone: {remedy}")
    return moment


def _parsed(text: str) -> datetime | None:
    # Fractions below a microsecond are rounded, as in canonical events; the standard library would truncate them.
    parsers = (_iso_8601, _rfc_3339) if len(text) <= _MICROSECONDS else (_rfc_3339, _iso_8601)
    for parse in parsers:
        try:
            return parse(text)
        except ValueError:
            continue
    if text[:4].isdigit() and int(text[:4]) <= _LAST_ZERO_YEAR:
        return None  # such as the year 0 of MySQL
    raise InvalidTime(f"{text!r} is not a time: write RFC 3339, a number since 1970, or $local(text, zone, form)")


_iso_8601: Final[Callable[[str], datetime]] = datetime.fromisoformat
_MICROSECONDS: Final = len("2026-03-06T12:00:00.000000Z")


def _rfc_3339(text: str) -> datetime:
    return msgspec.convert(text, datetime)


def _since_epoch(number: float) -> datetime | None:
    """Return the time of a number since 1970; its magnitude determines the unit.

    There are as many seconds until the year 9999 as milliseconds until 1978, and so on.
    """
    scale = next((scale for scale in (1, 10**3, 10**6) if number < 254 * 10**9 * scale), 10**9)
    try:
        return _EPOCH + timedelta(microseconds=number * 10**6 // scale)
    except OverflowError:
        return None


def to_rfc3339(moment: datetime) -> str:
    """Return `moment` as RFC 3339 in UTC, with milliseconds or microseconds if it has any."""
    utc = moment.astimezone(UTC)
    timespec = "auto" if utc.microsecond % 1000 or not utc.microsecond else "milliseconds"
    return f"{utc.replace(tzinfo=None).isoformat(timespec=timespec)}Z"


def zone_of(zone: Any) -> tzinfo:
    """Return a time zone: an IANA name, an offset such as +02:00, or a number of hours. Raises InvalidTime."""
    if isinstance(zone, int | float) and not isinstance(zone, bool) and abs(zone) < 24:
        return timezone(timedelta(hours=zone))
    offset = _OFFSET.fullmatch(zone) if isinstance(zone, str) else None
    if offset and int(offset[2]) < 24:
        ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return timezone(-ahead if offset[1] == "-" else ahead)
    try:
        return ZoneInfo(str(zone or ""))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        remedy = "write one as 'Europe/Dublin', '+02:00' or a number of hours"
        raise InvalidTime(f"{zone!r} is not a time zone: {remedy}") from None


def local(text: Any, zone: Any, form: str | None = None) -> str | None:
    """Return the time at which clocks in `zone` showed `text`, which is ISO 8601 or in the `strptime` format `form`.

    Of a time that occurs twice, when clocks go back, it is the first. A text with an offset of its own keeps it. Raises
    InvalidTime.
    """
    if text is None or text == "":
        return None
    if not isinstance(text, str):
        raise InvalidTime(f"{text!r} is not a text: $local reads the time that a local clock showed")
    local_time = _in_form(text.strip(), form) if form else _parsed(text.strip())
    if local_time is not None and local_time.tzinfo is None:
        local_time = local_time.replace(tzinfo=zone_of(zone))
    moment = moment_of(local_time)
    return to_rfc3339(moment) if moment else None


def _in_form(text: str, form: str) -> datetime:
    try:
        return datetime.strptime(text, form)
    except ValueError as error:
        raise InvalidTime(str(error)) from None


def ticks(number: Any) -> str | None:
    """Return the time of a .NET tick count: 100 ns since the year 1. Raises InvalidTime."""
    if number is None or number == "":
        return None
    try:
        return to_rfc3339(_TICKS_EPOCH + timedelta(microseconds=int(number) // 10))
    except (TypeError, ValueError, OverflowError):
        raise InvalidTime(f"{number!r} is not a number of .NET ticks") from None


def clock(text: Any, near: Any, zone: Any) -> str | None:
    """Return the time nearest to `near` at which clocks in `zone` show `text`, such as 18:37 or 6:37 PM.

    Raises InvalidTime.
    """
    reference = moment_of(near)
    if text is None or text == "" or reference is None:
        return None
    match = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise InvalidTime(f"{text!r} is not a time of day, such as 18:37 or 6:37 PM")
    same_day = reference.astimezone(zone_of(zone)).replace(
        hour=_hour(match), minute=int(match[2]), second=int(match[3] or 0), microsecond=0
    )
    candidates = [same_day + timedelta(days=days) for days in (-1, 0, 1)]
    return to_rfc3339(min(candidates, key=lambda candidate: abs(candidate - reference)))


def _hour(match: re.Match[str]) -> int:
    if not match[4]:
        return int(match[1])
    return int(match[1]) % 12 + (12 if match[4][0] in "Pp" else 0)


def plus(time: Any, duration: Any) -> str | None:
    """Return the sum of a time and a duration; None if either is missing.

    duration: ISO 8601 in weeks, days, hours, minutes and seconds; or a number of minutes. Raises InvalidTime.
    """
    start = moment_of(time)
    if start is None or duration is None or duration == "":
        return None
    return to_rfc3339(start + _timedelta(duration))


def _timedelta(duration: Any) -> timedelta:
    if isinstance(duration, int | float) and not isinstance(duration, bool):
        return timedelta(minutes=duration)
    is_negative = isinstance(duration, str) and duration.startswith("-")
    match = _DURATION.fullmatch(duration.lstrip("+-")) if isinstance(duration, str) else None
    try:
        parts = {unit: float(count) for unit, count in match.groupdict().items() if count} if match else {}
    except ValueError:
        parts = {}
    if not parts:
        remedy = "write PT15M, P1W3D, or a number of minutes (months have no fixed length)"
        raise InvalidTime(f"{duration!r} is not a duration: {remedy}")
    return -timedelta(**parts) if is_negative else timedelta(**parts)


def after(time: Any, other: Any) -> str | None:
    """Return `time` if it is later than `other` or there is no other; else None. Raises InvalidTime."""
    later, earlier = moment_of(time), moment_of(other)
    if later is None or (earlier is not None and later <= earlier):
        return None
    return to_rfc3339(later)
