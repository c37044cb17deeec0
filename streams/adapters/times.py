"""Times as point-of-sale systems write them, and what is reckoned with them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICKS: Final = datetime(1, 1, 1, tzinfo=UTC)
_ZERO: Final = 1970
_NEVER: Final = 9999
"""Years that mean "never": up to the one the zeros of Unix and .NET, from the other the end of somebody's calendar."""

_DIGITS: Final = re.compile(r"\d{9,19}")
_OFFSET: Final = re.compile(r"([+-])(\d\d?)(?::?(\d\d))?")
_DURATION: Final = re.compile(
    r"P(?:(?P<weeks>[\d.]+)W)?(?:(?P<days>[\d.]+)D)?"
    r"(?:T(?:(?P<hours>[\d.]+)H)?(?:(?P<minutes>[\d.]+)M)?(?:(?P<seconds>[\d.]+)S)?)?"
)
_CLOCK: Final = re.compile(r"\s*(\d\d?)[:.h](\d\d)(?::(\d\d))?\s*([AaPp]\.?[Mm]\.?)?\s*")


class InvalidTime(ValueError):
    """A value that cannot be read as a time; the message says what to write instead."""


def moment_of(value: Any) -> datetime | None:
    """The time that `value` tells: RFC 3339 with any fraction, or a number since 1970 in s, ms, us or ns by its size.

    None where it tells none: nothing, an empty text, or a year that stands for "never". Raises NoTime.
    """
    if value.__class__ is str and value[4:5] == "-":  # as most are
        found = _written(value)
    elif value is None or value == "":
        return None
    elif isinstance(value, str):
        found = _since_epoch(int(value)) if _DIGITS.fullmatch(value) else _written(value)
    elif isinstance(value, datetime):
        found = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found = _since_epoch(value)
    else:
        raise InvalidTime(f"{value!r} is no time")
    if found is None or not _ZERO < found.year < _NEVER:
        return None
    if found.tzinfo is None:
        raise InvalidTime(
            f"{value!r} has no time zone: write $local(..., $zone(location)) or $local(..., 'Europe/Dublin')"
        )
    return found


def _written(text: str) -> datetime | None:
    # What is finer than a microsecond is rounded, as in canonical events; the standard library would cut it off.
    parsers = (_iso_8601, _rfc_3339) if len(text) <= _MICROSECONDS else (_rfc_3339, _iso_8601)
    for parse in parsers:
        try:
            return parse(text)
        except ValueError:
            continue
    if text[:4].isdigit() and int(text[:4]) <= _ZERO:
        return None  # such as the year 0 of MySQL
    raise InvalidTime(f"{text!r} is no time: write RFC 3339, a number since 1970, or $local(text, zone, form)")


_iso_8601: Final[Callable[[str], datetime]] = datetime.fromisoformat
_MICROSECONDS: Final = len("2026-03-06T12:00:00.000000Z")


def _rfc_3339(text: str) -> datetime:
    return msgspec.convert(text, datetime)


def _since_epoch(number: float) -> datetime | None:
    """The seconds up to the year 9999 are as many as the milliseconds up to 1978, and so on."""
    scale = next((scale for scale in (1, 10**3, 10**6) if number < 254 * 10**9 * scale), 10**9)
    try:
        return _EPOCH + timedelta(microseconds=number * 10**6 // scale)
    except OverflowError:
        return None


def to_rfc3339(moment: datetime) -> str:
    """`moment` as RFC 3339, for what reads it next."""
    there = moment.astimezone(UTC)
    timespec = "auto" if there.microsecond % 1000 or not there.microsecond else "milliseconds"
    return f"{there.replace(tzinfo=None).isoformat(timespec=timespec)}Z"


def zone_of(zone: Any) -> tzinfo:
    """An IANA zone by its name, an offset such as +02:00, or a number of hours. Raises NoTime."""
    if isinstance(zone, int | float) and not isinstance(zone, bool) and abs(zone) < 24:
        return timezone(timedelta(hours=zone))
    offset = _OFFSET.fullmatch(zone) if isinstance(zone, str) else None
    if offset and int(offset[2]) < 24:
        ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return timezone(-ahead if offset[1] == "-" else ahead)
    try:
        return ZoneInfo(str(zone or ""))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidTime(
            f"{zone!r} is no time zone: write one as 'Europe/Dublin', '+02:00' or a number of hours"
        ) from None


def local(text: Any, zone: Any, form: str | None = None) -> str | None:
    """The time that clocks in `zone` showed as `text`, in ISO 8601 or as the `strptime` form says. Raises NoTime.

    A time that came twice (clocks go back) is the first; a text with an offset of its own keeps that.
    """
    if text is None or text == "":
        return None
    if not isinstance(text, str):
        raise InvalidTime(f"{text!r} is no text: $local reads what a clock on the wall showed")
    shown = _in_form(text.strip(), form) if form else _written(text.strip())
    if shown is not None and shown.tzinfo is None:
        shown = shown.replace(tzinfo=zone_of(zone))
    found = moment_of(shown)
    return to_rfc3339(found) if found else None


def _in_form(text: str, form: str) -> datetime:
    try:
        return datetime.strptime(text, form)
    except ValueError as error:
        raise InvalidTime(str(error)) from None


def ticks(number: Any) -> str | None:
    """The time of a .NET tick count: 100 ns since the year 1. Raises NoTime."""
    if number is None or number == "":
        return None
    try:
        return to_rfc3339(_TICKS + timedelta(microseconds=int(number) // 10))
    except (TypeError, ValueError, OverflowError):
        raise InvalidTime(f"{number!r} is no count of .NET ticks") from None


def clock(text: Any, near: Any, zone: Any) -> str | None:
    """The moment nearest to `near` at which clocks in `zone` show `text`, such as 18:37 or 6:37 PM. Raises NoTime."""
    around = moment_of(near)
    if text is None or text == "" or around is None:
        return None
    found = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise InvalidTime(f"{text!r} is no time of day, such as 18:37 or 6:37 PM")
    there = around.astimezone(zone_of(zone))
    shown = there.replace(hour=_hour(found), minute=int(found[2]), second=int(found[3] or 0), microsecond=0)
    days = [shown + timedelta(days=day) for day in (-1, 0, 1)]
    return to_rfc3339(min(days, key=lambda day: abs(day - around)))


def _hour(found: re.Match[str]) -> int:
    if not found[4]:
        return int(found[1])
    return int(found[1]) % 12 + (12 if found[4][0] in "Pp" else 0)


def plus(time: Any, duration: Any) -> str | None:
    """`time` and so much more: an ISO 8601 duration of weeks, days, hours, minutes, seconds, or a number of minutes.

    Nothing where either is missing. Raises NoTime.
    """
    start = moment_of(time)
    if start is None or duration is None or duration == "":
        return None
    return to_rfc3339(start + _length(duration))


def _length(duration: Any) -> timedelta:
    if isinstance(duration, int | float) and not isinstance(duration, bool):
        return timedelta(minutes=duration)
    negative = isinstance(duration, str) and duration.startswith("-")
    found = _DURATION.fullmatch(duration.lstrip("+-")) if isinstance(duration, str) else None
    try:
        parts = {unit: float(count) for unit, count in found.groupdict().items() if count} if found else {}
    except ValueError:
        parts = {}
    if not parts:
        raise InvalidTime(f"{duration!r} is no duration: PT15M, P1W3D, or a number of minutes (months have no length)")
    return -timedelta(**parts) if negative else timedelta(**parts)


def after(time: Any, other: Any) -> str | None:
    """`time` where it lies after `other`, or where there is no other; else nothing. Raises NoTime."""
    later, earlier = moment_of(time), moment_of(other)
    if later is None or (earlier is not None and later <= earlier):
        return None
    return to_rfc3339(later)
