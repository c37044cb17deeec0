"""Times as vendors write them: all of pos-feeds, with the zeros that mean "never"."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.adapters.times import InvalidTime, after, clock, local, moment_of, plus, ticks, to_rfc3339

NOON = datetime(2026, 3, 6, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-06T12:00:00Z",
        "2026-03-06T12:00:00.000000000Z",
        "2026-03-06T12:00:00.000+0000",
        "2026-03-06T07:00:00-0500",
        "2026-03-06T13:00:00+01:00",
        "2026-03-06T13:00:00+01",
        "2026-03-06 12:00:00Z",
        "2026-03-06T12:00Z",
        1772798400,
        1772798400.0,
        1772798400000,
        1772798400000000,
        1772798400000000000,
        "1772798400",
        "1772798400000",
    ],
)
def test_noon_is_noon_however_it_is_written(value: Any) -> None:
    assert moment_of(value) == NOON


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        0,
        -1,
        "1970-01-01T00:00:00.000+0000",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00",
        "0000-00-00 00:00:00",
        "9999-12-31T23:59:59Z",
        253402300799000,
        1e30,
    ],
)
def test_times_that_stand_for_never_are_none(value: Any) -> None:
    assert moment_of(value) is None


def test_fractions_below_a_microsecond_are_rounded_as_in_a_canonical_event() -> None:
    assert moment_of("2026-03-06T12:00:00.0000005Z") == msgspec.convert("2026-03-06T12:00:00.0000005Z", datetime)
    assert moment_of("2026-03-06T12:00:00.037339943Z") == NOON.replace(microsecond=37340)


@pytest.mark.parametrize("value", ["noon", "2026-03-06", "12:40", True, ["2026-03-06T12:00:00Z"], {"at": 1}])
def test_a_value_that_is_not_a_time_is_an_error(value: Any) -> None:
    with pytest.raises(InvalidTime):
        moment_of(value)


def test_a_time_without_a_zone_is_an_error_with_a_remedy() -> None:
    with pytest.raises(InvalidTime, match=r"has no time zone: write \$local\("):
        moment_of("2026-03-06T12:00:00")


@given(st.datetimes(datetime(1971, 1, 2), datetime(9998, 1, 1), timezones=st.just(UTC)))
def test_a_time_that_is_formatted_and_parsed_is_the_same(moment: datetime) -> None:
    assert moment_of(to_rfc3339(moment)) == moment


@pytest.mark.parametrize(
    ("text", "zone", "form", "expected"),
    [
        ("2026-03-06 12:00:00", "Europe/Dublin", None, "2026-03-06T12:00:00Z"),
        ("2026-07-06T12:00:00", "Europe/Dublin", None, "2026-07-06T11:00:00Z"),
        ("2021-07-15 11:45:36.332906", "UTC", None, "2021-07-15T11:45:36.332906Z"),
        ("20171028 17:19", -5, "%Y%m%d %H:%M", "2017-10-28T22:19:00Z"),
        ("2025-07-28 10:00 AM", "+02:00", "%Y-%m-%d %I:%M %p", "2025-07-28T08:00:00Z"),
        ("2026-10-25 01:30:00", "Europe/Dublin", None, "2026-10-25T00:30:00Z"),
        ("2026-03-06T12:00:00+05:30", "Europe/Dublin", None, "2026-03-06T06:30:00Z"),
        ("0000-00-00 00:00:00", "Europe/Dublin", None, None),
        ("", "Europe/Dublin", None, None),
        (None, None, None, None),
    ],
)
def test_a_local_time_becomes_utc(text: Any, zone: Any, form: str | None, expected: str | None) -> None:
    assert local(text, zone, form) == expected


@pytest.mark.parametrize("zone", [None, "", "Atlantis/Capital", "+99:00", 25, True, "../etc"])
def test_a_local_time_needs_an_existing_zone(zone: Any) -> None:
    with pytest.raises(InvalidTime, match="is not a time zone: write one as 'Europe/Dublin'"):
        local("2026-03-06 12:00:00", zone)


def test_ticks_of_dotnet_are_a_time() -> None:
    assert ticks("639083952000000000") == "2026-03-06T12:00:00Z"
    assert ticks(None) is None
    with pytest.raises(InvalidTime):
        ticks("soon")


@pytest.mark.parametrize(
    ("time_of_day", "near", "expected"),
    [
        ("18:37", "2026-03-06T18:02:00Z", "2026-03-06T18:37:00Z"),
        ("6:37 PM", "2026-03-06T18:02:00Z", "2026-03-06T18:37:00Z"),
        ("12:15 a.m.", "2026-03-06T23:50:00Z", "2026-03-07T00:15:00Z"),
        ("00:15", "2026-03-06T23:50:00Z", "2026-03-07T00:15:00Z"),
        ("23:50", "2026-03-07T00:02:00Z", "2026-03-06T23:50:00Z"),
        ("12:30 PM", "2026-03-06T12:00:00Z", "2026-03-06T12:30:00Z"),
        (None, "2026-03-06T12:00:00Z", None),
        ("12:30", None, None),
    ],
)
def test_a_time_of_day_is_on_the_nearest_day(time_of_day: str, near: str, expected: str) -> None:
    assert clock(time_of_day, near, "Europe/Dublin") == expected


@pytest.mark.parametrize("time_of_day", ["25:00", "12:75", "soon", 1237])
def test_a_value_that_is_not_a_time_of_day_is_an_error(time_of_day: Any) -> None:
    with pytest.raises(InvalidTime, match="is not a time of day"):
        clock(time_of_day, "2026-03-06T12:00:00Z", "UTC")


@pytest.mark.parametrize(
    ("duration", "length"),
    [
        ("PT15M", timedelta(minutes=15)),
        ("P1W3D", timedelta(days=10)),
        ("P1DT2H3M4.5S", timedelta(days=1, hours=2, minutes=3, seconds=4.5)),
        ("PT0S", timedelta()),
        ("-PT5M", timedelta(minutes=-5)),
        (20, timedelta(minutes=20)),
        (2.5, timedelta(minutes=2.5)),
    ],
)
def test_a_duration_is_added_to_a_time(duration: Any, length: timedelta) -> None:
    assert plus("2026-03-06T12:00:00Z", duration) == to_rfc3339(NOON + length)


def test_a_sum_without_a_time_or_a_duration_is_none() -> None:
    assert plus(None, "PT15M") is None
    assert plus("2026-03-06T12:00:00Z", None) is None


@pytest.mark.parametrize("duration", ["P1M", "15", "PT", "P", "soon", True])
def test_a_value_that_is_not_a_duration_is_an_error(duration: Any) -> None:
    with pytest.raises(InvalidTime, match="is not a duration"):
        plus("2026-03-06T12:00:00Z", duration)


def test_a_time_that_is_not_later_than_another_is_none() -> None:
    assert after("2026-03-06T12:10:00Z", "2026-03-06T12:00:00Z") == "2026-03-06T12:10:00Z"
    assert after("2026-03-06T12:00:00Z", 1772798400) is None
    assert after("2026-03-06T12:10:00Z", None) == "2026-03-06T12:10:00Z"
    assert after(None, "2026-03-06T12:00:00Z") is None
