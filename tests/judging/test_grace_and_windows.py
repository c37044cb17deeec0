"""Grace and windows, to the millisecond."""

from __future__ import annotations

import pytest

from tests.histories import order, policies_of

GRACE = policies_of('[[policy]]\nkind = "ready"\ngrace = "90s"\n')
STRICT_WINDOW = policies_of('[[policy]]\nkind = "delivered"\nearly = "broken"\ngrace = "5m"\n')
EASY_WINDOW = policies_of('[[policy]]\nkind = "delivered"\n')


#          12:40           12:41:30
#  --------]===============]--------->
#  on time  in grace        late
@pytest.mark.parametrize(
    ("ready", "says"),
    [
        ("12:39:59.999", "kept / on_time"),
        ("12:40", "kept / on_time"),
        ("12:40:00.001", "kept / in_grace"),
        ("12:41:30", "kept / in_grace"),
        ("12:41:30.001", "broken / late"),
    ],
)
def test_grace_includes_exactly_its_last_millisecond(ready: str, says: str) -> None:
    story = order("o1").promised("ready", due="12:40", time="12:00").reached("ready", ready)

    assert story.ruling("13:00", GRACE) == says


@pytest.mark.parametrize(("now", "says"), [("12:41:30", "open / pending"), ("12:41:30.001", "broken / undelivered")])
def test_no_promise_is_broken_before_the_end_of_its_grace(now: str, says: str) -> None:
    assert order("o1").promised("ready", due="12:40", time="12:00").ruling(now, GRACE) == says


def test_without_grace_the_due_itself_is_still_in_time() -> None:
    story = order("o1").promised("ready", due="12:40", time="12:00")

    assert story.ruling("12:40") == "open / pending"
    assert story.ruling("12:40:00.001") == "broken / undelivered"
    assert story.reached("ready", "12:40").ruling("13:00") == "kept / on_time"
    assert story.reached("ready", "12:40:00.001").ruling("13:00") == "broken / late"


#        14:00          16:00    16:05
#  ------[==============]========]------>
#  early  on time        in grace  late
@pytest.mark.parametrize(
    ("delivered", "says"),
    [
        ("13:59:59.999", "broken / early"),
        ("14:00", "kept / on_time"),
        ("16:00", "kept / on_time"),
        ("16:05", "kept / in_grace"),
        ("16:05:00.001", "broken / late"),
    ],
)
def test_a_parcel_is_owed_within_its_window(delivered: str, says: str) -> None:
    story = order("o1").promised("delivered", opens="14:00", due="16:00", time="09:00")

    assert story.reached("delivered", delivered).ruling("20:00", STRICT_WINDOW) == says


def test_an_early_delivery_is_kept_by_default() -> None:
    story = order("o1").promised("delivered", opens="14:00", due="16:00", time="09:00").reached("delivered", "10:00")

    assert story.ruling("20:00", EASY_WINDOW) == "kept / on_time"


def test_without_an_earliest_instant_nothing_is_too_early() -> None:
    story = order("o1").promised("delivered", due="16:00", time="09:00").reached("delivered", "09:00")

    assert story.ruling("20:00", STRICT_WINDOW) == "kept / on_time"


def test_a_delivery_between_two_windows_is_early_on_one_basis_only() -> None:
    story = order("o1").promised("delivered", opens="14:00", due="16:00", time="09:00")
    moved = story.amended("delivered", "10:00", opens="18:00", due="20:00", by="us").reached("delivered", "15:00")

    assert moved.ruling("23:00", STRICT_WINDOW, "original") == "kept / on_time"
    assert moved.ruling("23:00", STRICT_WINDOW, "current") == "broken / early"


def test_early_says_how_early_against_the_due() -> None:
    story = order("o1").promised("delivered", opens="14:00", due="16:00", time="09:00").reached("delivered", "13:00")

    assert story.promise("20:00", STRICT_WINDOW)[1].original.lateness == -3 * 3_600_000
