"""Random logs with feeds that lag, fail and come back: what is judged follows from what was heard, and from no accident
of reading."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import events
from schemas.instants import Instant
from schemas.words import BASES, UNCONFIRMED
from streams.judging.settle import judge
from streams.state.changelog import Contents
from tests.judging.generated import END, MINUTE, POLICIES, examples
from tests.state.changelogs import StoredChangelog, Twins
from tests.state.feeds import ONE, SOME, Log, advance_in_steps, logs_with_feeds, partition_after
from tests.state.partitions import FOREVER, Partition, assert_counts_add_up, record, rolling
from tests.state.test_any_log import Net, by_staff, net
from tests.state.test_any_log import read as read_at_once

LIMIT = ONE["north"].silent_after


def judged(partition: Partition, kept: StoredChangelog) -> Net:
    """What should stand at the clock of the book, from the histories and from what the book has heard."""
    kept.write(partition.state)
    head = Contents(kept.records).head
    heard, now = head.feeds["till"], partition.state.watermark.now
    upto = min(heard.partitions.values(), default=0)
    lapsed = now if now > max(upto, heard.awaited_since) + LIMIT else 0
    found: Net = {}
    case = partition.state.case("c")
    for promise, said in judge(case.history, POLICIES, now, upto, lapsed).promises if case else ():
        for basis in BASES:
            found.setdefault((said.location, promise.key.kind, basis), Counter())[said.on(basis).ruling] += 1
    return found


@examples(150)
@given(logs_with_feeds(), st.sampled_from([1, 2, 3]))
def test_what_stands_is_the_histories_judged_from_scratch_by_what_was_heard(log: Log, minutes: int) -> None:
    partition, kept = Partition(POLICIES, feeds=ONE), StoredChangelog()
    least: Instant = 0
    for offset, (clock, event) in enumerate(log, 1):
        advance_in_steps(partition, clock, minutes)
        partition.apply(record(event, clock))
        partition.state.next = offset
        assert_counts_add_up(partition.state.counts)
        least, before = partition.state.feed_watermarks.get("till", 0), least
        if least < before:
            return  # what was broken by then stays so, though from scratch it would not be
        assert net(partition) == judged(partition, kept)


@examples(150)
@given(logs_with_feeds(), st.data())
def test_once_all_is_heard_no_order_of_arrival_and_no_outage_has_left_a_trace(log: Log, data: st.DataObject) -> None:
    again = data.draw(st.permutations([event for _, event in log]))
    late = data.draw(st.integers(0, 30)) * MINUTE
    plain = read_at_once([(clock, event) for clock, event in log if not isinstance(event, events.Clock)])
    for partition in (
        partition_after(log, SOME),
        partition_after([(log[0][0] + late, event) for event in again], SOME),
    ):
        assert_counts_add_up(partition.state.counts)
        assert net(partition) == net(plain)
        assert by_staff(partition) == by_staff(plain)
        for basis in BASES:
            assert rolling(partition.state.counts.windows, basis) == rolling(plain.state.counts.windows, basis)


@examples(150)
@given(logs_with_feeds(), st.sampled_from([None, MINUTE, 5 * MINUTE]), st.sampled_from([1, 4]), st.data())
def test_wherever_a_log_is_cut_and_however_often_the_clock_is_looked_at_the_same_is_said(
    log: Log, retention: int | None, minutes: int, data: st.DataObject
) -> None:
    twins = Twins(POLICIES, retention, SOME)
    cuts = data.draw(st.lists(st.sampled_from(["on", "on", "write", "reopen", "look"]), min_size=len(log)))
    for (clock, event), cut in zip(log, cuts, strict=False):
        if cut == "look":
            advance_in_steps(twins.restored, clock, minutes)
        twins.read(record(event, clock), cut)
    advance_in_steps(twins.restored, END, minutes)
    twins.assert_equal(END)


@examples(80)
@given(logs_with_feeds())
def test_no_alert_is_raised_twice_and_verdicts_are_numbered_without_a_gap(log: Log) -> None:
    partition = partition_after(log, SOME)
    ids = Counter(alert.id for alert in partition.alerts)
    assert not [one for one, count in ids.items() if count > 1]

    numbers: dict[tuple[str, str, int], int] = {}
    for verdict in partition.verdicts:
        key = verdict.subject, verdict.kind, verdict.ordinal
        assert verdict.revision == numbers.get(key, -1) + 1
        numbers[key] = verdict.revision


@examples(80)
@given(logs_with_feeds())
def test_where_no_feed_is_declared_clock_records_are_what_they_were(log: Log) -> None:
    told = [(clock, event) for clock, event in log if not isinstance(event, events.Clock)]
    plain, partition = Partition(POLICIES), Partition(POLICIES, feeds={"nowhere": ONE["north"]})
    for clock, event in told:
        plain.apply(record(event, clock))
    for clock, said in log:
        partition.apply(record(said, clock))
    for one in (plain, partition):
        one.effects += one.state.advance(max(END, one.state.watermark.now), FOREVER)

    assert partition.comparable_effects == plain.comparable_effects
    assert partition.state.stored_cases() == plain.state.stored_cases()


def test_the_logs_that_are_tried_have_outages_enough_to_prove_something() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=200, deadline=None, database=None, derandomize=True)
    @given(logs_with_feeds())
    def look(log: Log) -> None:
        partition, ever = Partition(POLICIES, feeds=ONE), Counter[str]()
        for clock, event in log:
            partition.apply(record(event, clock))
            for row in net(partition).values():
                ever.update({ruling.reason: 1 for ruling in row})
        seen.update(set(ever))

    look()
    assert seen[UNCONFIRMED.reason] > 25
    assert seen["undelivered"] > 25
