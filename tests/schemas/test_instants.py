"""Instants: one number for one instant, in any zone and notation."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import Clock
from schemas.instants import (
    NEVER,
    ImplausibleInstant,
    Instant,
    format_instant,
    from_datetime,
    parse_instant,
    to_datetime,
)
from schemas.reading import read_event

FIRST = 946_684_800_000
"""2000-01-01T00:00:00.000Z"""
LAST = 4_102_444_799_999
"""2099-12-31T23:59:59.999Z"""

instants = st.integers(FIRST, LAST)
offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(instants)
def test_a_formatted_instant_can_be_parsed(at: Instant) -> None:
    assert parse_instant(format_instant(at)) == at
    assert from_datetime(to_datetime(at)) == at


@given(instants, instants)
def test_formatted_instants_sort_in_order(one: Instant, other: Instant) -> None:
    assert (format_instant(one) < format_instant(other)) == (one < other)


@given(instants, offsets)
def test_an_instant_is_the_same_in_every_zone(at: Instant, zone: timezone) -> None:
    local = to_datetime(at).astimezone(zone)
    assert from_datetime(local) == at
    assert parse_instant(local.isoformat(timespec="milliseconds")) == at


@given(instants, st.integers(0, 999))
def test_fractions_of_a_millisecond_are_truncated(at: Instant, microseconds: int) -> None:
    finer = to_datetime(at) + timedelta(microseconds=microseconds)
    assert from_datetime(finer) == at
    assert parse_instant(finer.isoformat()) == at


fractions = st.from_regex(r"[0-9]{1,9}|[0-9]{0,3}9{3,6}", fullmatch=True)
"""Digits of a second, many of them just below the next millisecond, where rounding and truncation differ."""


# Not the last second of 2099: what is rounded up there is no instant any more.
@given(st.integers(FIRST // 1000, LAST // 1000 - 1).map(lambda second: second * 1000), fractions)
def test_a_policy_and_an_event_read_the_same_text_as_the_same_instant(second: Instant, digits: str) -> None:
    text = format_instant(second).replace(".000Z", f".{digits}Z")
    event = read_event(json.dumps({"type": "clock", "source": "pos", "at": text}).encode())
    assert isinstance(event, Clock)
    assert parse_instant(text) == from_datetime(event.at)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-06T12:40:00Z", 1_772_800_800_000),
        ("2026-03-06T13:40:00+01:00", 1_772_800_800_000),
        ("2026-03-06T07:40:00-05:00", 1_772_800_800_000),
        ("2026-03-06T18:25:00+05:45", 1_772_800_800_000),
        ("2026-03-06T12:40:00.017Z", 1_772_800_800_017),
        ("2026-03-06T12:40:00.017999Z", 1_772_800_800_017),
        ("2026-03-06t12:40:00z", 1_772_800_800_000),
        ("2000-01-01T00:00:00Z", FIRST),
        ("2099-12-31T23:59:59.999Z", LAST),
    ],
)
def test_rfc_3339_is_parsed(text: str, at: Instant) -> None:
    assert parse_instant(text) == at


def test_the_hour_that_comes_twice_in_autumn_is_two_hours() -> None:
    summer, winter = parse_instant("2026-10-25T02:30:00+02:00"), parse_instant("2026-10-25T02:30:00+01:00")
    assert winter - summer == 3_600_000


def test_an_instant_is_formatted_in_utc_with_milliseconds() -> None:
    assert format_instant(1_772_800_800_007) == "2026-03-06T12:40:00.007Z"
    assert format_instant(FIRST) == "2000-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    "text",
    [
        "1999-12-31T23:59:59.999Z",
        "1970-01-01T00:00:00Z",
        "2000-01-01T00:59:59+01:00",
        "2100-01-01T00:00:00Z",
        "2099-12-31T23:00:00-01:00",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
    ],
)
def test_implausible_instants_are_refused(text: str) -> None:
    with pytest.raises(ImplausibleInstant, match="outside the years 2000 to 2099"):
        parse_instant(text)


def test_the_limits_of_instants_are_in_utc() -> None:
    assert parse_instant("1999-12-31T23:30:00-01:00") == FIRST + 1_800_000
    assert parse_instant("2100-01-01T00:30:00+01:00") == LAST + 1 - 1_800_000


@pytest.mark.parametrize("text", ["2026-03-06T12:40:00", "2026-03-06T12:40:00.123"])
def test_a_time_without_a_zone_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(ValueError, match="no time zone: write it like 2026-03-01T12:40:00Z"):
        parse_instant(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1772800800",
        "0000-01-01T00:00:00Z",
        "2026-02-29T12:00:00Z",
        "2026-03-06T24:00:00Z",
        "2026-03-06T23:59:60Z",
        "2026-03-06T12:40:00+24:00",
        "2026-03-06T12:40Z",
        "20260306T124000Z",
        "2026-W10-5T12:40:00Z",
        "2026-03-06T12:40:00,5Z",
    ],
)
def test_other_formats_than_rfc_3339_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        parse_instant(text)


def test_converting_a_datetime_without_a_zone_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        from_datetime(datetime(2026, 3, 6, 12, 40))


def test_never_is_later_than_every_valid_instant() -> None:
    assert from_datetime(datetime(2099, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) < NEVER
    with pytest.raises(OverflowError):
        to_datetime(NEVER)
