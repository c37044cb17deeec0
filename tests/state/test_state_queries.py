"""How often anybody looks at the clock makes no difference: each deadline is judged at its own time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.histories import order, rules
from tests.judging.generated import END, MINUTE, TOWN, Arrived, arrivals, settled_by
from tests.state.desk import FOREVER, Desk, record, texts

RISKY = rules('[[policy]]\nkind = "ready"\nat_risk = "10m"\n')
STORY = order("o1").promised("ready", due="12:40", time="12:00")
PUT_OFF = STORY.amended("ready", "12:10", due="13:00", by="us")


def test_a_look_between_two_records_changes_no_verdict() -> None:
    #  12:10            12:40   12:50      13:00     14:00
    #  we say 13:00     due     (a look)   due now   next record
    straight = Desk().tells(PUT_OFF).waits("14:00")
    looking = Desk().tells(PUT_OFF).waits("12:50").waits("14:00")

    assert [one.revision for one in straight.verdicts] == [0, 1]
    assert straight.verdicts == looking.verdicts
    assert straight.book.case("o1") == looking.book.case("o1")


def test_a_deadline_is_judged_as_of_its_own_time_however_late_anybody_looks() -> None:
    desk = Desk().tells(PUT_OFF).waits("14:00")

    assert texts(one.decided_at for one in desk.verdicts) == ["12:40:00.001", "13:00:00.001"]


def test_a_quiet_partition_raises_the_same_alerts_as_a_busy_one() -> None:
    quiet = Desk(RISKY).tells(STORY).waits("14:00")
    busy = Desk(RISKY).tells(STORY).waits("12:35").waits("14:00")

    assert [one.stage for one in quiet.alerts] == ["at_risk", "overdue"]
    assert quiet.alerts == busy.alerts


def test_deadlines_of_several_orders_are_judged_in_the_order_of_their_times() -> None:
    desk = Desk(RISKY).tells(STORY).tells(order("o2").promised("ready", due="12:35", time="12:01")).waits("14:00")

    assert [(one.case, one.stage) for one in desk.alerts] == [
        ("o2", "at_risk"),
        ("o1", "at_risk"),
        ("o2", "overdue"),
        ("o1", "overdue"),
    ]


@settled_by(100)
@given(arrivals(), st.lists(st.integers(0, 30), max_size=4))
def test_looks_between_the_records_of_any_log_change_nothing(told: Arrived, minutes: list[int]) -> None:
    straight, looking = Desk(TOWN), Desk(TOWN)
    stops = sorted(told[0][0] + minute * MINUTE for minute in minutes)
    for clock, event in told:
        straight.reads(record(event, clock))
        for stop in [stop for stop in stops if stop <= clock]:
            looking.said += looking.book.move(stop, FOREVER)
        looking.reads(record(event, clock))
    for stop in [*stops, END]:
        looking.said += looking.book.move(stop, FOREVER)
    straight.said += straight.book.move(END, FOREVER)

    assert straight.said == looking.said
    assert straight.book.tally.rows == looking.book.tally.rows
    assert straight.book.tally.windows.sums() == looking.book.tally.windows.sums()
    assert straight.book.stored_bytes() == looking.book.stored_bytes()
    assert straight.book.case("c") == looking.book.case("c")
