"""Counts of net verdicts, first verdicts and revisions."""

from __future__ import annotations

from schemas.words import BASES
from streams.state.rows import LATENESS_BOUNDS
from streams.state.windows import Label
from tests.histories import Story, at, order
from tests.state.partitions import Partition, assert_counts_add_up, named, rolling

STORY = order("o1").promised("ready", due="12:40", time="12:00", at="harbour", staff="anna")


def partition_of(story: Story, *arrivals: str) -> Partition:
    partition = Partition().arrive(story, *arrivals)
    assert_counts_add_up(partition.state.counts)
    return partition


def test_a_promise_is_made_then_kept() -> None:
    assert partition_of(STORY).net("harbour") == {"open": 1}

    partition = partition_of(STORY.reached("ready", "12:30"))
    row = partition.row("harbour")
    assert (row.made, dict(row.first), dict(row.revised)) == (1, {"kept": 1}, {})
    assert partition.net("harbour") == {"kept": 1}


def test_a_late_event_is_a_revision_and_not_a_second_first_verdict() -> None:
    partition = partition_of(STORY.reached("ready", "12:38"), "12:00", "12:50")
    row = partition.row("harbour")

    assert (dict(row.first), dict(row.revised)) == ({"broken": 1}, {("broken", "kept"): 1})
    assert partition.net("harbour") == {"kept": 1}


def test_another_reason_for_the_same_verdict_is_not_counted_as_revision() -> None:
    partition = partition_of(STORY.reached("ready", "12:50"))

    assert (dict(partition.row("harbour").first), dict(partition.row("harbour").revised)) == ({"broken": 1}, {})
    assert +partition.row("harbour").net == {("broken", "late"): 1}


def test_a_promise_that_is_open_again_is_revised_out_of_its_verdict() -> None:
    partition = partition_of(STORY.reached("ready", "12:30").undone("ready", "12:31"))

    assert dict(partition.row("harbour").revised) == {("kept", "open"): 1}
    assert partition.net("harbour") == {"open": 1}
    partition = partition_of(STORY.reached("ready", "12:30").undone("ready", "12:31").reached("ready", "12:35"))
    assert dict(partition.row("harbour").revised) == {("kept", "open"): 1, ("open", "kept"): 1}
    assert dict(partition.row("harbour").first) == {"kept": 1}


def test_the_two_bases_are_counted_apart() -> None:
    partition = partition_of(STORY.amended("ready", "12:30", due="13:00", by="us").reached("ready", "12:50"))

    assert partition.net("harbour", basis="original") == {"broken": 1}
    assert partition.net("harbour", basis="current") == {"kept": 1}
    assert partition.row("harbour", basis="original").made == partition.row("harbour", basis="current").made == 1


def test_each_basis_has_a_first_verdict_of_its_own() -> None:
    #  12:30          12:40            12:50
    #  we say 13:00   broken, as said  ready: kept, as said last
    partition = partition_of(STORY.amended("ready", "12:30", due="13:00", by="us").reached("ready", "12:50"))

    assert partition.row("harbour", basis="original").first == {"broken": 1}
    assert partition.row("harbour", basis="current").first == {"kept": 1}


def test_denying_the_amendment_counts_both_bases_alike_again() -> None:
    story = STORY.amended("ready", "12:30", due="13:00", by="us").reached("ready", "12:50").denied("e2", "13:10")
    partition = partition_of(story)

    assert partition.net("harbour", basis="original") == partition.net("harbour", basis="current") == {"broken": 1}
    assert partition.row("harbour", basis="original").revised == {}
    assert partition.row("harbour", basis="current").revised == {("kept", "broken"): 1}
    assert rolling(partition.state.counts.windows, "original") == rolling(partition.state.counts.windows, "current")


def test_bases_that_are_alike_again_keep_their_first_verdicts() -> None:
    #  12:30          12:40      12:45                  12:46                13:10
    #  we say 13:00   broken     it was due at 13:30    13:00 was never said   ready
    later = order("o1").promised("ready", due="13:30", time="12:00", at="harbour", staff="anna")
    story = STORY.amended("ready", "12:30", due="13:00", by="us").corrected("e1", "12:45", later).denied("e2", "12:46")
    partition = partition_of(story.reached("ready", "13:10"))

    assert partition.net("harbour", basis="original") == partition.net("harbour", basis="current") == {"kept": 1}
    assert partition.row("harbour", basis="original").first == {"broken": 1}
    assert partition.row("harbour", basis="current").first == {"kept": 1}


def test_a_promise_corrected_to_another_location_moves_with_its_verdict() -> None:
    elsewhere = order("o1").promised("ready", due="12:40", time="12:00", at="market")
    partition = partition_of(STORY.reached("ready", "12:30").corrected("e1", "13:00", elsewhere))

    assert (partition.net("harbour"), partition.net("market")) == ({}, {"kept": 1})
    assert dict(partition.row("harbour").revised) == {("kept", "none"): 1}
    assert dict(partition.row("market").revised) == {("none", "kept"): 1}
    assert (partition.row("harbour").made, partition.row("market").made) == (1, 0)


def test_a_location_that_is_named_later_gets_the_promise() -> None:
    story = order("o1").promised("ready", due="12:40", time="12:00").reached("boxed", "12:10", at="market")
    partition = partition_of(story)

    assert (partition.net(), partition.net("market")) == ({}, {"open": 1})


def test_a_withdrawn_promise_is_counted_at_once() -> None:
    assert partition_of(STORY.withdrawn("ready", "12:10", by="customer")).net("harbour") == {"excluded": 1}


def test_an_open_promise_that_moves_gets_its_first_verdict_at_the_new_location() -> None:
    elsewhere = order("o1").promised("ready", due="12:40", time="12:00", at="market")
    partition = partition_of(STORY.corrected("e1", "12:10", elsewhere).reached("ready", "12:30"))

    assert (dict(partition.row("harbour").revised), dict(partition.row("harbour").first)) == ({("open", "none"): 1}, {})
    assert (dict(partition.row("market").revised), dict(partition.row("market").first)) == (
        {("none", "open"): 1},
        {"kept": 1},
    )


def test_a_denied_promise_leaves_the_counts_and_returns_as_a_revision() -> None:
    denied = STORY.reached("ready", "12:30").denied("e1", "13:00")
    gone, back = partition_of(denied), partition_of(denied.denied("e3", "13:10"))

    assert gone.net("harbour") == {}
    assert dict(gone.row("harbour").revised) == {("kept", "none"): 1}
    assert back.net("harbour") == {"kept": 1}
    assert (back.row("harbour").made, dict(back.row("harbour").first)) == (1, {"kept": 1})
    assert back.row("harbour").revised[("none", "open")] == back.row("harbour").revised[("open", "kept")] == 1


def test_a_correction_without_a_difference_is_not_counted() -> None:
    partition = partition_of(STORY.reached("ready", "12:30"))
    same = order("o1").reached("ready", "12:30")
    again = partition_of(STORY.reached("ready", "12:30").corrected("e2", "13:00", same))

    assert again.row("harbour") == partition.row("harbour")


def test_each_promise_is_counted_for_the_accountable_staff() -> None:
    partition = partition_of(STORY.taken_by("ben", "12:10").reached("ready", "12:30"))

    assert +partition.row("harbour").staff == {("ben", "kept"): 1}


def test_the_bounds_of_the_lateness_histogram_are_inclusive() -> None:
    partition = Partition()
    deliveries = ["10:00", "12:39", "12:40", "12:40:00.001", "12:41", "12:41:00.001", "16:40", "16:40:00.001"]
    for number, time in enumerate(deliveries):
        partition.arrive(order(f"o{number}").promised("ready", due="12:40", time="09:00").reached("ready", time))
    counts = dict(zip([*LATENESS_BOUNDS, None], partition.row().lateness, strict=True))

    shown = {bound: count for bound, count in counts.items() if count}
    assert shown == {-3600: 1, -60: 1, 0: 1, 60: 2, 300: 1, 14400: 1, None: 1}


def test_a_promise_delivered_twice_is_counted_with_its_first_lateness() -> None:
    recalled = STORY.reached("ready", "12:30").undone("ready", "12:31").reached("ready", "12:50")
    for basis in BASES:
        lateness = partition_of(recalled).row("harbour", basis=basis).lateness
        counts = dict(zip([*LATENESS_BOUNDS, None], lateness, strict=True))
        assert {bound: count for bound, count in counts.items() if count} == {-300: 1}


def test_an_undelivered_promise_is_not_in_the_lateness_histogram() -> None:
    assert sum(partition_of(STORY).advance("14:00").row("harbour").lateness) == 0
    assert sum(partition_of(STORY.cancelled("12:10", by="us")).row("harbour").lateness) == 0


def test_rolling_counts_go_by_the_due_and_follow_revisions() -> None:
    partition = Partition().arrive(STORY.reached("ready", "12:38"), "12:00", "12:50")
    label = Label("harbour", "ready")

    assert rolling(partition.state.counts.windows)["15m"][label] == (1, 1)
    assert rolling(partition.advance("12:55").state.counts.windows)["15m"] == {}
    assert rolling(partition.state.counts.windows)["1h"][label] == (1, 1)


def test_copied_rows_do_not_change_until_they_are_copied_again() -> None:
    partition = partition_of(STORY)
    label = Label("harbour", "ready")
    first = partition.state.counts.copied_rows()
    partition.arrive(order("o1").reached("ready", "12:30", id="bump"))
    second = partition.state.counts.copied_rows()

    firsts = [named(rows[label], "current").first.total() for rows in (first, second)]
    assert firsts == [0, 1]
    assert second == partition.state.counts.rows
    assert at("12:30") == partition.state.watermark.now


def test_the_rows_of_two_partitions_add_up() -> None:
    one, other = partition_of(STORY.reached("ready", "12:30")), partition_of(STORY.reached("ready", "12:50"))
    row = one.state.counts.rows[Label("harbour", "ready")].copied()
    row.add(other.state.counts.rows[Label("harbour", "ready")])
    total = named(row, "current")

    assert (total.made, dict(total.first), sum(total.lateness)) == (2, {"kept": 1, "broken": 1}, 2)
    assert +total.staff == {("anna", "kept"): 1, ("anna", "broken"): 1}
