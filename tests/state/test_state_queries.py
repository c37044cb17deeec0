"""The number of steps in which the watermark advances makes no difference to the effects."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.histories import order, policies_of
from tests.judging.generated import END, MINUTE, POLICIES, Arrived, arrivals, examples
from tests.state.partitions import FOREVER, Partition, record, texts

RISKY = policies_of('[[policy]]\nkind = "ready"\nat_risk = "10m"\n')
STORY = order("o1").promised("ready", due="12:40", time="12:00")
PUT_OFF = STORY.amended("ready", "12:10", due="13:00", by="us")


def test_an_advance_between_two_records_changes_no_verdict() -> None:
    #  12:10            12:40   12:50      13:00     14:00
    #  we say 13:00     due     (a look)   due now   next record
    expected = Partition().arrive(PUT_OFF).advance("14:00")
    queried = Partition().arrive(PUT_OFF).advance("12:50").advance("14:00")

    assert [one.revision for one in expected.verdicts] == [0, 1]
    assert expected.verdicts == queried.verdicts
    assert expected.state.case("o1") == queried.state.case("o1")


def test_a_deadline_is_judged_at_its_own_instant_however_late_the_advance() -> None:
    partition = Partition().arrive(PUT_OFF).advance("14:00")

    assert texts(one.decided_at for one in partition.verdicts) == ["12:40:00.001", "13:00:00.001"]


def test_a_quiet_partition_raises_the_same_alerts_as_a_busy_one() -> None:
    quiet = Partition(RISKY).arrive(STORY).advance("14:00")
    busy = Partition(RISKY).arrive(STORY).advance("12:35").advance("14:00")

    assert [one.stage for one in quiet.alerts] == ["at_risk", "overdue"]
    assert quiet.alerts == busy.alerts


def test_deadlines_of_several_cases_are_judged_in_order() -> None:
    partition = (
        Partition(RISKY).arrive(STORY).arrive(order("o2").promised("ready", due="12:35", time="12:01")).advance("14:00")
    )

    assert [(one.case, one.stage) for one in partition.alerts] == [
        ("o2", "at_risk"),
        ("o1", "at_risk"),
        ("o2", "overdue"),
        ("o1", "overdue"),
    ]


@examples(100)
@given(arrivals(), st.lists(st.integers(0, 30), max_size=4))
def test_advances_between_the_records_of_any_log_change_nothing(arrived: Arrived, minutes: list[int]) -> None:
    expected, queried = Partition(POLICIES), Partition(POLICIES)
    stops = sorted(arrived[0][0] + minute * MINUTE for minute in minutes)
    for clock, event in arrived:
        expected.apply(record(event, clock))
        for stop in [stop for stop in stops if stop <= clock]:
            queried.effects += queried.state.advance(stop, FOREVER)
        queried.apply(record(event, clock))
    for stop in [*stops, END]:
        queried.effects += queried.state.advance(stop, FOREVER)
    expected.effects += expected.state.advance(END, FOREVER)

    assert expected.effects == queried.effects
    assert expected.state.counts.rows == queried.state.counts.rows
    assert expected.state.counts.windows.sums() == queried.state.counts.windows.sums()
    assert expected.state.stored_bytes() == queried.state.stored_bytes()
    assert expected.state.case("c") == queried.state.case("c")
