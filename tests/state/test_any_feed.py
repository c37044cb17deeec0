"""Random logs with feeds that lag, fail and return: the judgement follows from the watermarks alone."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from schemas import events
from schemas.instants import Instant
from schemas.words import BASES, UNCONFIRMED
from streams.judging.case import PromiseKey
from streams.judging.settle import judge
from streams.state.changelog import Contents
from tests.judging.generated import END, MINUTE, POLICIES, examples, look_at
from tests.state.changelogs import StoredChangelog, Twins
from tests.state.feeds import ONE, SOME, Log, advance_in_steps, logs_with_feeds, partition_after
from tests.state.partitions import FOREVER, Partition, assert_counts_add_up, record, rolling
from tests.state.test_any_log import Net, by_staff, net
from tests.state.test_any_log import partition_after as partition_without_feeds

LIMIT = ONE["north"].silent_after


def judged(partition: Partition, changelog: StoredChangelog) -> Net:
    """Judge the case of a partition from scratch, at the watermarks of the partition and of its feed."""
    changelog.write(partition.state)
    head = Contents(changelog.records).head
    feed, now = head.feeds["till"], partition.state.watermark.now
    complete_until = min(feed.partitions.values(), default=0)
    stale_until = now if now > max(complete_until, feed.awaited_since) + LIMIT else 0
    expected: Net = {}
    case = partition.state.case("c")
    for promise, judged in judge(case.history, POLICIES, now, complete_until, stale_until).promises if case else ():
        for basis in BASES:
            expected.setdefault((judged.location, promise.key.kind, basis), Counter())[judged.on(basis).ruling] += 1
    return expected


def policies_in(partition: Partition) -> dict[PromiseKey, str]:
    """Return the policy of each promise."""
    case = partition.state.case("c")
    return {key: promise.policy.id for key, promise in case.state.promises.items()} if case else {}


@examples(150)
@given(logs_with_feeds(), st.sampled_from([1, 2, 3]))
def test_the_counts_equal_a_judgement_from_scratch_at_the_watermarks(log: Log, minutes: int) -> None:
    partition, changelog = Partition(POLICIES, feeds=ONE), StoredChangelog()
    least: Instant = 0
    policies: dict[PromiseKey, str] = {}
    for offset, (clock, event) in enumerate(log, 1):
        advance_in_steps(partition, clock, minutes)
        partition.apply(record(event, clock))
        partition.state.next = offset
        assert_counts_add_up(partition.state.counts)
        least, before = partition.state.feed_watermarks.get("till", 0), least
        policies, policies_before = policies_in(partition), policies
        # What was undelivered stays so when the watermark goes back, or when a late event selects a policy with more
        # grace. From scratch it would be open.
        if least < before or any(policies_before.get(key, policy) != policy for key, policy in policies.items()):
            return
        assert net(partition) == judged(partition, changelog)


@examples(150)
@given(logs_with_feeds(), st.data())
def test_once_the_feeds_have_caught_up_neither_order_nor_outage_matters(log: Log, data: st.DataObject) -> None:
    again = data.draw(st.permutations([event for _, event in log]))
    late = data.draw(st.integers(0, 30)) * MINUTE
    plain = partition_without_feeds([(clock, event) for clock, event in log if not isinstance(event, events.Clock)])
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
def test_neither_restarts_nor_steps_of_the_watermark_change_the_effects(
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
def test_without_declared_feeds_clock_records_only_advance_the_watermark(log: Log) -> None:
    events_only = [(clock, event) for clock, event in log if not isinstance(event, events.Clock)]
    plain, partition = Partition(POLICIES), Partition(POLICIES, feeds={"nowhere": ONE["north"]})
    for clock, event in events_only:
        plain.apply(record(event, clock))
    for clock, recorded in log:
        partition.apply(record(recorded, clock))
    for one in (plain, partition):
        one.effects += one.state.advance(max(END, one.state.watermark.now), FOREVER)

    assert partition.comparable_effects == plain.comparable_effects
    assert partition.state.stored_cases() == plain.state.stored_cases()


def test_enough_of_the_logs_have_outages() -> None:
    seen: Counter[str] = Counter()

    def look(log: Log) -> None:
        partition, ever = Partition(POLICIES, feeds=ONE), Counter[str]()
        for clock, event in log:
            partition.apply(record(event, clock))
            for row in net(partition).values():
                ever.update({ruling.reason: 1 for ruling in row})
        seen.update(set(ever))

    look_at(logs_with_feeds(), 200, look)
    assert seen[UNCONFIRMED.reason] > 25
    assert seen["undelivered"] > 25
