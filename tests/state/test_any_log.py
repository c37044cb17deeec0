"""Random logs through a book: counts hold together, any order ends in the same numbers, no id is used twice."""

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


def read(told: Arrived, end: Instant = END) -> Partition:
    """A book that has read these records one by one, and then up to `end`."""
    partition = Partition(POLICIES)
    for clock, event in told:
        partition.apply(record(event, clock))
    partition.effects += partition.state.advance(max(end, partition.state.watermark.now), FOREVER)
    return partition


def net(partition: Partition) -> Net:
    """What stands now, in rows in which anything does."""
    return {label: row.net for label, row in by_label(partition.state.counts.rows).items() if row.net}


def by_staff(partition: Partition) -> dict[Label, Counter[tuple[str, Verdict]]]:
    return {label: row.staff for label, row in by_label(partition.state.counts.rows).items() if row.staff}


def judged(partition: Partition, now: Instant) -> Net:
    """What should stand at `now`, from the histories alone."""
    found: Net = {}
    case = partition.state.case("c")
    for promise, said in judge(list(case.history), POLICIES, now).promises if case else ():
        for basis in BASES:
            found.setdefault((said.location, promise.key.kind, basis), Counter())[said.on(basis).ruling] += 1
    return found


@examples(100)
@given(arrivals())
def test_after_every_record_counts_hold_together_and_equal_the_histories_judged_from_scratch(told: Arrived) -> None:
    partition = Partition(POLICIES)
    for clock, event in told:
        partition.apply(record(event, clock))
        assert_counts_add_up(partition.state.counts)
        assert net(partition) == judged(partition, clock)
    partition.effects += partition.state.advance(END, FOREVER)
    assert_counts_add_up(partition.state.counts)
    assert net(partition) == judged(partition, END)


@examples(100)
@given(arrivals(), st.data())
def test_any_order_of_arrival_ends_in_the_same_numbers(told: Arrived, data: st.DataObject) -> None:
    again = data.draw(st.permutations([event for _, event in told]))
    late = data.draw(st.integers(0, 30)) * MINUTE
    one, other = read(told), read([(told[0][0] + late, event) for event in again])

    assert net(one) == net(other)
    assert by_staff(one) == by_staff(other)
    for basis in BASES:
        assert rolling(one.state.counts.windows, basis) == rolling(other.state.counts.windows, basis)


@examples(100)
@given(arrivals())
def test_verdicts_are_numbered_without_a_gap_and_the_last_one_stands(told: Arrived) -> None:
    partition = read(told)
    numbers: dict[tuple[str, str, int], int] = {}
    for verdict in partition.verdicts:
        key = verdict.subject, verdict.kind, verdict.ordinal
        assert verdict.revision == numbers.get(key, -1) + 1
        numbers[key] = verdict.revision
    case = partition.state.case("c")
    assert case is not None
    assert {tuple(key): one.revision for key, one in case.judged.items() if one.revision >= 0} == numbers


@examples(40)
@given(arrivals())
def test_the_same_log_says_the_same_twice(told: Arrived) -> None:
    one, other = read(told), read(told)

    assert one.effects == other.effects
    assert one.state.case("c") == other.state.case("c")


@examples(50)
@given(arrivals(), st.data())
def test_a_record_that_repeats_another_changes_nothing_but_its_count(told: Arrived, data: st.DataObject) -> None:
    partition = read(told)
    before = net(partition), partition.state.stored_bytes(), len(partition.effects)
    repeated: events.CaseEvent = data.draw(st.sampled_from([event for _, event in told]))
    partition.apply(record(repeated, END))

    assert (net(partition), partition.state.stored_bytes(), len(partition.effects)) == before


@examples(60)
@given(arrivals())
def test_no_alert_is_raised_twice(told: Arrived) -> None:
    ids = Counter(alert.id for alert in read(told).alerts)

    assert not [one for one, count in ids.items() if count > 1]
