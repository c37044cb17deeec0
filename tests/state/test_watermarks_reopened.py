"""Restarts during an outage of a feed, also with other feeds declared."""

from __future__ import annotations

import msgspec
import pytest

from streams.judging.locations import NO_FEEDS, FeedLookup, LocationFeed
from streams.state.changelog import Contents, Head, StoredFeedWatermark
from streams.state.partition import PartitionState
from tests.histories import READY, at, order
from tests.state.changelogs import StoredChangelog, contents_of
from tests.state.partitions import Partition, texts
from tests.state.test_watermarks import MINUTE, PATIENT, TILL, reasons, shop, verdicts_of


def reopened(partition: Partition, feeds: FeedLookup = TILL) -> Partition:
    """Return the partition as another worker restores it."""
    kept = StoredChangelog()
    partition.state.next += 1
    kept.write(partition.state)
    kept.restore(partition, READY, feeds=feeds)
    return partition


def test_a_restart_during_an_outage_changes_nothing() -> None:
    continued, restored = shop().advance("12:15"), reopened(shop().advance("12:15"))
    for partition in (continued, restored):
        partition.advance("12:29").arrive(order("o2").reached("ready", "12:19", id="e2"), "12:30").clock(
            "till", "12:31"
        )

    assert verdicts_of(restored) == verdicts_of(continued) == ["o2 0 kept / on_time", "o1 0 broken / undelivered"]
    assert restored.comparable_effects == continued.comparable_effects


def test_a_waiting_case_is_not_written_again_after_a_restart() -> None:
    partition = reopened(shop().advance("12:15")).advance("12:16")

    assert (partition.state.dirty, reasons(partition)) == (0, {"unconfirmed": 1, "pending": 1})


def test_a_restart_right_before_the_feed_returns_misses_nothing() -> None:
    partition = reopened(shop().advance("12:29")).clock("till", "12:30")

    assert verdicts_of(partition) == ["o1 0 broken / undelivered", "o2 0 broken / undelivered"]


def test_the_watermark_of_a_feed_survives_a_restart() -> None:
    partition = reopened(shop().clock("till", "12:03", partition=1).clock("till", "12:04"))

    assert partition.state.feed_watermarks == {"till": at("12:03")}
    assert contents_of(partition.state)["feed_watermarks"] == {"till": at("12:03")}


def test_a_restart_does_not_extend_the_limits_of_a_feed() -> None:
    partition = reopened(shop(PATIENT).advance("12:50"), PATIENT).advance("13:00")
    assert verdicts_of(partition) == []

    assert len(verdicts_of(partition.advance("13:00:00.001"))) == 2


def test_a_newly_declared_feed_delays_promises_that_are_still_open() -> None:
    partition = reopened(shop(NO_FEEDS).advance("12:15"))
    assert verdicts_of(partition.advance("12:30")) == ["o1 0 broken / undelivered"]
    assert reasons(partition) == {"undelivered": 1, "unconfirmed": 1}

    partition.arrive(order("o1").taken_by("anna", "12:30", id="e2")).arrive(
        order("o2").reached("ready", "12:19", id="e2")
    )
    assert reasons(partition.clock("till", "12:31")) == {"undelivered": 1, "on_time": 1}


def test_the_silence_of_a_newly_declared_feed_counts_from_its_declaration() -> None:
    partition = reopened(shop(NO_FEEDS).advance("12:15"), PATIENT).advance("13:15")
    assert reasons(partition) == {"undelivered": 1, "unconfirmed": 1}

    assert reasons(partition.advance("13:15:00.001")) == {"undelivered": 2}


def test_a_feed_that_is_no_longer_declared_delays_nothing() -> None:
    partition = reopened(shop().advance("12:15"), NO_FEEDS).advance("12:16")

    assert verdicts_of(partition) == ["o1 0 broken / undelivered"]
    assert texts([partition.verdicts[0].decided_at]) == ["12:15:00.000"]
    assert verdicts_of(partition.advance("12:21"))[1:] == ["o2 0 broken / undelivered"]


@pytest.mark.parametrize(
    ("silent_after", "stands"), [(5 * MINUTE, {"unconfirmed": 2}), (60 * MINUTE, {"pending": 2})], ids=["5m", "60m"]
)
def test_a_changed_limit_applies_at_once(silent_after: int, stands: dict[str, int]) -> None:
    feeds = {"harbour": LocationFeed("till", silent_after)}

    assert reasons(reopened(shop().advance("12:25"), feeds).advance("12:25")) == stands


def test_a_head_without_feeds_is_read() -> None:
    kept, partition = StoredChangelog(), shop(NO_FEEDS)
    kept.write(partition.state)
    kept.records[b"h"] = msgspec.msgpack.encode(msgspec.msgpack.decode(kept.records[b"h"])[:7])
    state = PartitionState.restored(READY, Contents(kept.records))

    assert contents_of(state) == contents_of(partition.state)
    assert Contents(kept.records).head.feeds == {}


def test_undeclared_feeds_are_not_in_the_changelog() -> None:
    kept, partition = StoredChangelog(), reopened(shop().advance("12:15"), NO_FEEDS)
    partition.state.next += 1
    kept.write(partition.state)

    assert Contents(kept.records).head.feeds == {}


def test_a_declared_feed_is_in_the_head_from_the_first_write_on() -> None:
    kept, partition = StoredChangelog(), Partition(feeds=TILL)
    partition.state.next += 1
    kept.write(partition.state)

    head = msgspec.msgpack.decode(kept.records[b"h"], type=Head)
    assert head.feeds == {"till": StoredFeedWatermark()}
