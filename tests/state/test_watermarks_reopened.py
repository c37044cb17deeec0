"""A worker that ends during an outage, and another that is told of more feeds, of fewer, or of others."""

from __future__ import annotations

import msgspec
import pytest

from streams.judging.locations import NO_FEEDS, FeedLookup, LocationFeed
from streams.state.changelog import Contents, Head, StoredFeedWatermark
from streams.state.partition import PartitionState
from tests.histories import READY, at, order
from tests.state.desk import Desk, texts
from tests.state.kept import Kept, all_of
from tests.state.test_watermarks import MINUTE, PATIENT, TILL, reasons, shop, told


def reopened(desk: Desk, feeds: FeedLookup = TILL) -> Desk:
    """The worker of that desk ended, and this one has the book now."""
    kept = Kept()
    desk.book.next += 1
    kept.writes(desk.book)
    kept.reopens(desk, READY, feeds=feeds)
    return desk


def test_a_restart_during_an_outage_changes_nothing() -> None:
    stayed, away = shop().waits("12:15"), reopened(shop().waits("12:15"))
    for desk in (stayed, away):
        desk.waits("12:29").tells(order("o2").reached("ready", "12:19", id="e2"), "12:30").hears("till", "12:31")

    assert told(away) == told(stayed) == ["o2 0 kept / on_time", "o1 0 broken / undelivered"]
    assert away.heard == stayed.heard


def test_what_waits_when_a_book_is_opened_again_is_not_written_again() -> None:
    desk = reopened(shop().waits("12:15")).waits("12:16")

    assert (desk.book.dirty, reasons(desk)) == (0, {"unconfirmed": 1, "pending": 1})


def test_a_restart_right_before_the_feed_is_heard_again_misses_nothing() -> None:
    desk = reopened(shop().waits("12:29")).hears("till", "12:30")

    assert told(desk) == ["o1 0 broken / undelivered", "o2 0 broken / undelivered"]


def test_how_far_a_feed_was_heard_outlives_the_worker() -> None:
    desk = reopened(shop().hears("till", "12:03", partition=1).hears("till", "12:04"))

    assert desk.book.heard == {"till": at("12:03")}
    assert all_of(desk.book)["heard"] == {"till": at("12:03")}


def test_how_long_a_feed_is_waited_for_does_not_begin_anew_with_a_restart() -> None:
    desk = reopened(shop(PATIENT).waits("12:50"), PATIENT).waits("13:00")
    assert told(desk) == []

    assert len(told(desk.waits("13:00:00.001"))) == 2


def test_a_feed_that_is_declared_later_holds_back_what_is_not_judged_yet() -> None:
    desk = reopened(shop(NO_FEEDS).waits("12:15"))
    assert told(desk.waits("12:30")) == ["o1 0 broken / undelivered"]
    assert reasons(desk) == {"undelivered": 1, "unconfirmed": 1}

    desk.tells(order("o1").taken_by("anna", "12:30", id="e2")).tells(order("o2").reached("ready", "12:19", id="e2"))
    assert reasons(desk.hears("till", "12:31")) == {"undelivered": 1, "on_time": 1}


def test_a_feed_that_is_declared_later_is_waited_for_from_then_on() -> None:
    desk = reopened(shop(NO_FEEDS).waits("12:15"), PATIENT).waits("13:15")
    assert reasons(desk) == {"undelivered": 1, "unconfirmed": 1}

    assert reasons(desk.waits("13:15:00.001")) == {"undelivered": 2}


def test_a_feed_that_is_declared_no_more_holds_nothing_back() -> None:
    desk = reopened(shop().waits("12:15"), NO_FEEDS).waits("12:16")

    assert told(desk) == ["o1 0 broken / undelivered"]
    assert texts([desk.verdicts[0].decided_at]) == ["12:15:00.000"]
    assert told(desk.waits("12:21"))[1:] == ["o2 0 broken / undelivered"]


@pytest.mark.parametrize(
    ("silent_after", "stands"), [(5 * MINUTE, {"unconfirmed": 2}), (60 * MINUTE, {"pending": 2})], ids=["5m", "60m"]
)
def test_a_shop_that_became_more_patient_has_its_new_limit_at_once(silent_after: int, stands: dict[str, int]) -> None:
    feeds = {"harbour": LocationFeed("till", silent_after)}

    assert reasons(reopened(shop().waits("12:25"), feeds).waits("12:25")) == stands


def test_a_book_from_before_there_were_feeds_is_read() -> None:
    kept, desk = Kept(), shop(NO_FEEDS)
    kept.writes(desk.book)
    kept.records[b"h"] = msgspec.msgpack.encode(msgspec.msgpack.decode(kept.records[b"h"])[:7])
    book = PartitionState.restored(READY, Contents(kept.records))

    assert all_of(book) == all_of(desk.book)
    assert Contents(kept.records).head.feeds == {}


def test_what_is_not_declared_takes_no_room_in_the_changelog() -> None:
    kept, desk = Kept(), reopened(shop().waits("12:15"), NO_FEEDS)
    desk.book.next += 1
    kept.writes(desk.book)

    assert Contents(kept.records).head.feeds == {}


def test_a_declared_feed_is_in_the_head_from_the_first_write_on() -> None:
    kept, desk = Kept(), Desk(feeds=TILL)
    desk.book.next += 1
    kept.writes(desk.book)

    head = msgspec.msgpack.decode(kept.records[b"h"], type=Head)
    assert head.feeds == {"till": StoredFeedWatermark()}
