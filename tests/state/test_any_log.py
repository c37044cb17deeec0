"""Random logs: the counts add up, the order of arrival does not matter, and ids are unique."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from schemas import events
from schemas.instants import Instant
from schemas.words import BASES, Basis, Ruling, Verdict
from streams.judging.settle import judge
from tests.judging.generated import END, MINUTE, POLICIES, Arrived, arrivals, examples
from tests.state.partitions import FOREVER, Partition, assert_counts_add_up, by_label, record, rolling

Label = tuple[str, str, Basis]
Net = dict[Label, Counter[Ruling]]


def partition_after(arrived: Arrived, end: Instant = END) -> Partition:
    """Return a partition that has read these records and then advanced to `end`."""
    partition = Partition(POLICIES)
    for clock, event in arrived:
        partition.apply(record(event, clock))
    partition.effects += partition.state.advance(max(end, partition.state.watermark.now), FOREVER)
    return partition


def net(partition: Partition) -> Net:
    """Return the present rulings of all rows that are not empty."""
    return {label: row.net for label, row in by_label(partition.state.counts.rows).items() if row.net}


def by_staff(partition: Partition) -> dict[Label, Counter[tuple[str, Verdict]]]:
    return {label: row.staff for label, row in by_label(partition.state.counts.rows).items() if row.staff}


def judged(partition: Partition, now: Instant) -> Net:
    """Return the expected rulings at `now`, judged from the histories alone."""
    expected: Net = {}
    case = partition.state.case("c")
    for promise, judged in judge(list(case.history), POLICIES, now).promises if case else ():
        for basis in BASES:
            expected.setdefault((judged.location, promise.key.kind, basis), Counter())[judged.on(basis).ruling] += 1
    return expected


@examples(100)
@given(arrivals())
def test_after_every_record_the_counts_add_up_and_equal_a_judgement_from_scratch(arrived: Arrived) -> None:
    partition = Partition(POLICIES)
    for clock, event in arrived:
        partition.apply(record(event, clock))
        assert_counts_add_up(partition.state.counts)
        assert net(partition) == judged(partition, clock)
    partition.effects += partition.state.advance(END, FOREVER)
    assert_counts_add_up(partition.state.counts)
    assert net(partition) == judged(partition, END)


@examples(100)
@given(arrivals(), st.data())
def test_any_order_of_arrival_leads_to_the_same_counts(arrived: Arrived, data: st.DataObject) -> None:
    again = data.draw(st.permutations([event for _, event in arrived]))
    late = data.draw(st.integers(0, 30)) * MINUTE
    first, second = partition_after(arrived), partition_after([(arrived[0][0] + late, event) for event in again])

    assert net(first) == net(second)
    assert by_staff(first) == by_staff(second)
    for basis in BASES:
        assert rolling(first.state.counts.windows, basis) == rolling(second.state.counts.windows, basis)


@examples(100)
@given(arrivals())
def test_verdicts_are_numbered_without_a_gap_and_the_last_one_is_the_judgement(arrived: Arrived) -> None:
    partition = partition_after(arrived)
    numbers: dict[tuple[str, str, int], int] = {}
    for verdict in partition.verdicts:
        key = verdict.subject, verdict.kind, verdict.ordinal
        assert verdict.revision == numbers.get(key, -1) + 1
        numbers[key] = verdict.revision
    case = partition.state.case("c")
    assert case is not None
    assert {tuple(key): first.revision for key, first in case.judged.items() if first.revision >= 0} == numbers


@examples(40)
@given(arrivals())
def test_the_same_log_has_the_same_effects(arrived: Arrived) -> None:
    first, second = partition_after(arrived), partition_after(arrived)

    assert first.effects == second.effects
    assert first.state.case("c") == second.state.case("c")


@examples(50)
@given(arrivals(), st.data())
def test_a_duplicate_changes_only_its_counter(arrived: Arrived, data: st.DataObject) -> None:
    partition = partition_after(arrived)
    before = net(partition), partition.state.stored_bytes(), len(partition.effects)
    repeated: events.CaseEvent = data.draw(st.sampled_from([event for _, event in arrived]))
    partition.apply(record(repeated, END))

    assert (net(partition), partition.state.stored_bytes(), len(partition.effects)) == before


@examples(60)
@given(arrivals())
def test_no_alert_is_raised_twice(arrived: Arrived) -> None:
    ids = Counter(alert.id for alert in partition_after(arrived).alerts)

    assert not [first for first, count in ids.items() if count > 1]
