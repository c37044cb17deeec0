"""Watermarks of feeds: a location whose till is offline must not appear to break its promises.

The location `harbour` has the feed `till`; `downtown` has none.
"""

from __future__ import annotations

from schemas.events import Clock
from schemas.words import Basis
from streams.judging.locations import FeedLookup, LocationFeed
from tests.histories import Story, at, moment, order, policies_of
from tests.state.partitions import Partition, assert_counts_add_up, record, texts

MINUTE = 60_000
TILL: FeedLookup = {"harbour": LocationFeed("till", silent_after=5 * MINUTE)}
PATIENT: FeedLookup = {"harbour": LocationFeed("till", silent_after=5 * MINUTE, abandoned_after=60 * MINUTE)}
SLOW: FeedLookup = {"harbour": LocationFeed("till", silent_after=60 * MINUTE)}
RISKY = policies_of('[[policy]]\nkind = "ready"\nat_risk = "10m"\ngrace = "2m"\n')


def promised(case: str, due: str, at: str = "harbour", time: str = "11:55") -> Story:
    return order(case).promised("ready", due=due, time=time, at=at)


def shop(feeds: FeedLookup = TILL) -> Partition:
    """Return a partition with a clock record of the till at noon, and two promises due in the next half hour."""
    partition = Partition(feeds=feeds).arrive(promised("o1", "12:10")).arrive(promised("o2", "12:20"))
    return partition.clock("till", "12:00")


def verdicts_of(partition: Partition) -> list[str]:
    return [f"{one.case} {one.revision} {one.current.verdict} / {one.current.reason}" for one in partition.verdicts]


def reasons(partition: Partition, location: str = "harbour", basis: Basis = "current") -> dict[str, int]:
    """Return the number of promises of a location by reason."""
    return {ruling.reason: count for ruling, count in partition.row(location, basis=basis).net.items()}


def test_an_outage_breaks_no_promise_that_was_delivered_meanwhile() -> None:
    #  12:00    12:10   12:20   12:30
    #  offline  o1 due  o2 due  back, with what happened since
    partition = shop().advance("12:29")
    assert (partition.effects, reasons(partition)) == ([], {"unconfirmed": 2})

    partition.arrive(order("o1").reached("ready", "12:08", id="e2"), "12:30")
    partition.arrive(order("o2").reached("ready", "12:19", id="e2"), "12:30").clock("till", "12:30")
    assert verdicts_of(partition) == ["o1 0 kept / on_time", "o2 0 kept / on_time"]
    assert partition.alerts == []
    assert partition.net("harbour") == {"kept": 2}
    assert_counts_add_up(partition.state.counts)


def test_an_undelivered_promise_is_broken_when_the_feed_returns() -> None:
    partition = (
        shop().advance("12:29").arrive(order("o1").reached("ready", "12:08", id="e2"), "12:30").clock("till", "12:30")
    )

    assert verdicts_of(partition) == ["o1 0 kept / on_time", "o2 0 broken / undelivered"]
    assert [(one.stage, one.case) for one in partition.alerts] == [("overdue", "o2")]
    assert texts([partition.verdicts[-1].decided_at, partition.alerts[-1].decided_at]) == ["12:30:00.000"] * 2
    assert texts([partition.alerts[-1].due]) == ["12:20:00.000"]


def test_with_a_current_feed_a_promise_is_broken_at_its_deadline() -> None:
    partition = shop().clock("till", "12:10")
    assert partition.effects == []

    partition.clock("till", "12:10:00.001")
    assert verdicts_of(partition) == ["o1 0 broken / undelivered"]
    assert texts([partition.verdicts[0].decided_at]) == ["12:10:00.001"]


def test_a_lagging_feed_delays_the_verdict_and_nothing_is_unconfirmed() -> None:
    partition = shop()
    for seconds in range(1, 700, 20):
        upto = f"12:{seconds // 60:02}:{seconds % 60:02}"
        partition.clock("till", upto, f"12:{(seconds + 15) // 60:02}:{(seconds + 15) % 60:02}")
        assert "unconfirmed" not in reasons(partition)

    assert verdicts_of(partition) == ["o1 0 broken / undelivered"]
    assert texts([partition.verdicts[0].decided_at]) == ["12:10:16.000"]


def test_a_location_without_a_feed_is_judged_on_time() -> None:
    partition = shop().arrive(promised("o3", "12:10", at="downtown")).arrive(promised("o4", "12:10", at=""))
    partition.advance("12:15")

    assert sorted(verdicts_of(partition)) == ["o3 0 broken / undelivered", "o4 0 broken / undelivered"]
    assert set(texts(one.decided_at for one in partition.verdicts)) == {"12:10:00.001"}
    assert reasons(partition) == {"unconfirmed": 1, "pending": 1}


def test_without_any_clock_record_promises_are_unconfirmed() -> None:
    partition = Partition(feeds=TILL).arrive(promised("o1", "12:10")).advance("12:30")
    assert (partition.effects, reasons(partition)) == ([], {"unconfirmed": 1})

    assert verdicts_of(partition.clock("till", "12:09")) == []
    assert verdicts_of(partition.clock("till", "12:11", "12:31")) == ["o1 0 broken / undelivered"]


def test_a_feed_is_stale_a_millisecond_after_its_limit() -> None:
    partition = Partition(feeds=TILL).arrive(promised("o1", "12:02")).clock("till", "12:00").advance("12:05")
    assert reasons(partition) == {"pending": 1}

    assert reasons(partition.advance("12:05:00.001")) == {"unconfirmed": 1}


def test_a_promise_is_unconfirmed_only_when_its_grace_is_over() -> None:
    partition = Partition(RISKY, feeds=TILL).arrive(promised("o1", "12:10")).clock("till", "12:00").advance("12:12")
    assert reasons(partition) == {"at_risk": 1}

    assert reasons(partition.advance("12:12:00.001")) == {"unconfirmed": 1}


def test_each_basis_of_an_amended_promise_is_unconfirmed_after_its_own_deadline() -> None:
    put_off = promised("o1", "12:10").amended("ready", "11:58", due="12:20", by="us")
    partition = Partition(feeds=TILL).arrive(put_off).clock("till", "12:00").advance("12:15")
    assert (reasons(partition, "harbour", "original"), reasons(partition)) == ({"unconfirmed": 1}, {"pending": 1})

    partition.advance("12:20:00.001")
    assert (reasons(partition, "harbour", "original"), reasons(partition)) == ({"unconfirmed": 1}, {"unconfirmed": 1})


def test_a_feed_that_returns_with_an_early_watermark_leaves_promises_open() -> None:
    partition = shop().advance("12:21")
    assert reasons(partition) == {"unconfirmed": 2}

    partition.clock("till", "12:18", "12:21")
    assert reasons(partition) == {"undelivered": 1, "pending": 1}
    assert reasons(partition.advance("12:23:00.001")) == {"undelivered": 1, "unconfirmed": 1}


def test_a_backlog_settles_promises_one_by_one() -> None:
    partition = shop().advance("13:00").clock("till", "12:09", "13:00").clock("till", "12:11", "13:00")
    assert verdicts_of(partition) == ["o1 0 broken / undelivered"]
    assert reasons(partition) == {"undelivered": 1, "unconfirmed": 1}


def test_alerts_wait_for_the_feed_too() -> None:
    partition = Partition(RISKY, feeds=TILL).arrive(promised("o1", "12:20")).clock("till", "12:00").advance("12:30")
    assert (partition.alerts, reasons(partition)) == ([], {"unconfirmed": 1})

    partition.clock("till", "12:15", "12:31")
    assert ([one.stage for one in partition.alerts], reasons(partition)) == (["at_risk"], {"unconfirmed": 1})
    partition.clock("till", "12:32")
    assert [one.stage for one in partition.alerts] == ["at_risk", "overdue"]


def test_a_promise_at_risk_keeps_waiting_for_a_lagging_feed() -> None:
    partition = Partition(RISKY, feeds=SLOW).arrive(promised("o1", "12:20")).clock("till", "12:00").advance("12:30")
    partition.clock("till", "12:15", "12:31")
    assert ([one.stage for one in partition.alerts], reasons(partition)) == (["at_risk"], {"at_risk": 1})

    assert [one.stage for one in partition.clock("till", "12:25", "12:32").alerts] == ["at_risk", "overdue"]


def test_a_case_that_waited_for_one_deadline_meets_the_next() -> None:
    put_off = promised("o1", "12:10").amended("ready", "11:58", due="12:20", by="us")
    partition = Partition(feeds=SLOW).arrive(put_off).clock("till", "12:08").advance("12:11").clock("till", "12:12")
    assert (reasons(partition, "harbour", "original"), reasons(partition)) == ({"undelivered": 1}, {"pending": 1})

    partition.advance("12:19").clock("till", "12:21")
    assert reasons(partition) == {"undelivered": 1}


def test_one_clock_record_after_an_outage_raises_both_alerts() -> None:
    partition = Partition(RISKY, feeds=TILL).arrive(promised("o1", "12:20")).clock("till", "12:00").advance("12:30")

    assert [one.stage for one in partition.clock("till", "12:30").alerts] == ["at_risk", "overdue"]


def test_a_delivery_counts_at_once_whatever_the_watermark_of_the_feed() -> None:
    partition = shop().arrive(order("o1").reached("ready", "12:11", id="e2"))

    assert verdicts_of(partition) == ["o1 0 broken / late"]


def test_a_silent_feed_is_abandoned_at_the_limit_of_its_location() -> None:
    #  12:00       12:10  12:20   12:55   13:00         13:05
    #  last heard  due    due     o3 due  an hour later o4 due
    partition = shop(PATIENT).arrive(promised("o3", "12:55")).arrive(promised("o4", "13:05")).advance("13:00")
    assert (partition.effects, reasons(partition)) == ([], {"unconfirmed": 3, "pending": 1})

    partition.advance("13:00:00.001")
    assert verdicts_of(partition) == [f"{case} 0 broken / undelivered" for case in ("o1", "o2", "o3")]
    assert set(texts(one.decided_at for one in partition.verdicts)) == {"13:00:00.001"}
    partition.advance("13:10")
    assert verdicts_of(partition)[3:] == ["o4 0 broken / undelivered"]
    assert texts([partition.verdicts[-1].decided_at]) == ["13:05:00.001"]


def test_a_promise_broken_after_the_feed_was_abandoned_stays_broken_when_it_returns() -> None:
    partition = shop(PATIENT).advance("13:10").clock("till", "12:18", "13:11")
    partition.arrive(order("o2").taken_by("anna", "13:12", id="e2"))
    assert verdicts_of(partition) == [
        "o1 0 broken / undelivered",
        "o2 0 broken / undelivered",
        "o2 1 broken / undelivered",
    ]
    partition.arrive(promised("o3", "13:15", time="13:12")).advance("13:16")
    assert reasons(partition) == {"undelivered": 2, "unconfirmed": 1}

    partition.arrive(order("o1").reached("ready", "12:08", id="e2"), "13:17")
    assert verdicts_of(partition)[-1] == "o1 1 kept / on_time"


def test_the_silence_of_a_new_feed_counts_from_its_first_case() -> None:
    partition = Partition(feeds=PATIENT).arrive(promised("o1", "12:10")).advance("12:55")
    assert partition.effects == []

    assert verdicts_of(partition.advance("12:55:00.001")) == ["o1 0 broken / undelivered"]


def test_the_watermark_of_a_feed_is_that_of_its_slowest_partition() -> None:
    partition = shop().clock("till", "12:01", partition=1).clock("till", "12:15", partition=0)
    assert verdicts_of(partition) == []

    assert verdicts_of(partition.clock("till", "12:12", "12:16", partition=1)) == ["o1 0 broken / undelivered"]
    assert partition.state.feed_watermarks == {"till": partition.state.watermark.now - 4 * MINUTE}


def test_a_new_partition_that_is_behind_is_waited_for() -> None:
    partition = shop().clock("till", "12:11", partition=0).clock("till", "11:50", "12:12", partition=1)
    assert verdicts_of(partition) == ["o1 0 broken / undelivered"]

    partition.advance("12:21").arrive(order("o1").taken_by("anna", "12:22", id="e2"))
    assert reasons(partition) == {"undelivered": 1, "unconfirmed": 1}


def test_a_new_partition_that_is_far_behind_makes_the_feed_stale() -> None:
    partition = shop().clock("till", "12:09").advance("12:12")
    assert reasons(partition) == {"pending": 2}

    partition.clock("till", "11:50", "12:12", partition=1)
    assert reasons(partition) == {"unconfirmed": 1, "pending": 1}


def test_the_watermark_of_a_partition_never_goes_back() -> None:
    partition = shop().clock("till", "12:11").clock("till", "12:05", "12:12").advance("12:15")

    assert partition.state.feed_watermarks == {"till": partition.state.watermark.now - 4 * MINUTE}
    assert reasons(partition) == {"undelivered": 1, "pending": 1}


def test_a_watermark_in_the_future_is_limited_to_the_wall_clock() -> None:
    partition = shop()
    wall = partition.state.watermark.now + 9 * MINUTE
    partition.apply(record(Clock(source="till", at=moment("18:00")), at("12:09")), wall=wall)

    assert partition.state.feed_watermarks == {"till": wall}
    assert (partition.advance("12:19").effects, reasons(partition)) == ([], {"unconfirmed": 1, "pending": 1})


def test_clock_records_of_undeclared_feeds_are_ignored() -> None:
    partition = shop().clock("replay", "12:30")

    assert partition.state.feed_watermarks == {"till": partition.state.watermark.now - 30 * MINUTE}
    assert Partition().clock("till", "12:00").state.feed_watermarks == {}


def test_two_locations_of_one_feed_may_have_different_limits() -> None:
    feeds = {"harbour": LocationFeed("till", 5 * MINUTE), "quay": LocationFeed("till", 15 * MINUTE)}
    partition = Partition(feeds=feeds).arrive(promised("o1", "12:02")).arrive(promised("o2", "12:02", at="quay"))
    partition.clock("till", "12:00").advance("12:10")

    assert (reasons(partition), reasons(partition, "quay")) == ({"unconfirmed": 1}, {"pending": 1})
    assert sorted(verdicts_of(partition.clock("till", "12:10"))) == [
        "o1 0 broken / undelivered",
        "o2 0 broken / undelivered",
    ]


def test_an_event_in_the_future_counts_at_its_instant_while_its_case_waits() -> None:
    partition = shop().arrive(order("o1").reached("ready", "12:16", id="e2"), "12:11")
    assert reasons(partition.advance("12:15:59.999")) == {"unconfirmed": 1, "pending": 1}

    assert verdicts_of(partition.advance("12:16")) == ["o1 0 broken / late"]


def test_a_case_that_moves_to_a_location_without_a_feed_stops_waiting() -> None:
    partition = (
        shop().advance("12:15").arrive(order("o1").corrected("e1", "12:16", promised("o1", "12:10", at="downtown")))
    )

    assert verdicts_of(partition) == ["o1 0 broken / undelivered"]
    assert (reasons(partition), reasons(partition, "downtown")) == ({"pending": 1}, {"undelivered": 1})
    assert verdicts_of(partition.clock("till", "12:17")) == ["o1 0 broken / undelivered"]


def test_a_case_may_move_to_another_location_by_an_event_in_the_future() -> None:
    corrected = order("o1").corrected("e1", "12:16", promised("o1", "12:10", at="downtown"), id="e2")
    partition = shop().arrive(corrected, "12:11").advance("12:15:59")
    assert verdicts_of(partition) == []

    assert verdicts_of(partition.advance("12:16")) == ["o1 0 broken / undelivered"]
    assert reasons(partition, "downtown") == {"undelivered": 1}


def test_a_case_that_moves_may_wait_for_another_feed() -> None:
    feeds = {**TILL, "quay": LocationFeed("kiosk", 5 * MINUTE)}
    partition = (
        shop(feeds).advance("12:15").arrive(order("o1").corrected("e1", "12:16", promised("o1", "12:10", at="quay")))
    )
    assert (verdicts_of(partition.clock("till", "12:17")), reasons(partition, "quay")) == ([], {"pending": 1})

    assert verdicts_of(partition.clock("kiosk", "12:18")) == ["o1 0 broken / undelivered"]
