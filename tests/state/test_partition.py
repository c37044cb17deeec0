"""The effects of records on a partition: verdicts, revisions, alerts and refusals."""

from __future__ import annotations

import msgspec
import pytest

from schemas.events import Clock
from streams.records import KafkaRecord
from tests.histories import READY, at, moment, order, policies_of
from tests.state.partitions import FOREVER, Partition, assert_counts_add_up, record, texts

RISKY = policies_of('[[policy]]\nkind = "ready"\nat_risk = "10m"\ngrace = "2m"\n')
STORY = order("o1").promised("ready", due="12:40", time="12:00")
OTHER = order("o2").ordered("12:50")


def partition_of(partition: Partition) -> list[str]:
    return [f"{one.case} {one.revision} {one.current.verdict} / {one.current.reason}" for one in partition.verdicts]


def test_a_deadline_before_a_record_is_judged_before_it() -> None:
    #  12:00         12:40    12:50
    #  o1 promised   o1 due   first record after it, of another order
    partition = Partition().arrive(STORY).arrive(OTHER)

    assert partition_of(partition) == ["o1 0 broken / undelivered"]
    assert partition.verdicts[0].evidence == "deadline"


def test_a_delivery_read_after_the_due_is_a_revision_even_as_the_next_record() -> None:
    partition = Partition().arrive(STORY.reached("ready", "12:39"), "12:00", "12:41")

    assert partition_of(partition) == ["o1 0 broken / undelivered", "o1 1 kept / on_time"]
    assert [one.id for one in partition.verdicts] == ['["o1","","ready",1,0]', '["o1","","ready",1,1]']


def test_at_the_due_itself_nothing_is_broken_yet() -> None:
    partition = Partition().arrive(STORY).advance("12:40")

    assert partition.effects == []
    assert partition_of(partition.advance("12:40:00.001")) == ["o1 0 broken / undelivered"]


def test_a_verdict_record_is_complete() -> None:
    story = order("o1").about("bag").promised("ready", due="12:40", time="12:00", at="harbour", staff="anna")
    story = story.amended("ready", "12:10", due="12:50", by="us").reached("ready", "12:45:00.500")
    partition = Partition().arrive(story)

    [_, last] = partition.verdicts
    assert (last.case, last.subject, last.kind, last.ordinal, last.revision) == ("o1", "bag", "ready", 1, 1)
    assert (last.retracted, last.origin, last.location, last.policy) == (False, "written", "harbour", "ready@1")
    assert texts([last.original.due, last.current.due]) == ["12:40:00.000", "12:50:00.000"]
    assert last.made_at is not None
    assert texts([last.made_at, last.decided_at]) == ["12:00:00.000", "12:45:00.500"]
    assert (last.original.verdict, last.original.reason, last.original.lateness_seconds) == ("broken", "late", 300.5)
    assert (last.current.verdict, last.current.reason, last.current.lateness_seconds) == ("kept", "on_time", -299.5)
    assert (last.original.staff, last.current.staff, last.evidence) == ("anna", "anna", "event")


def test_a_denied_promise_is_retracted_with_its_last_outcomes() -> None:
    partition = Partition().arrive(STORY.reached("ready", "12:45").denied("e1", "13:00"))
    last = partition.verdicts[-1]

    assert (last.revision, last.retracted, last.origin, last.policy, last.made_at) == (2, True, None, None, None)
    assert (last.current.verdict, last.current.reason) == ("broken", "late")
    assert partition.net() == {}


def test_without_a_changed_outcome_there_is_no_revision() -> None:
    spoken = order("o1").promised("ready", due="12:40", time="12:05", origin="spoken")
    partition = Partition().arrive(STORY.reached("ready", "12:30").corrected("e1", "13:00", spoken))

    assert [one.revision for one in partition.verdicts] == [0]


def test_an_alert_comes_once_before_the_due_and_once_after_it() -> None:
    partition = Partition(RISKY).arrive(STORY)
    for time in ("12:29:59.999", "12:30", "12:31", "12:42", "12:42:00.001", "12:43", "14:00"):
        partition.advance(time)

    assert [(one.stage, one.id) for one in partition.alerts] == [
        ("at_risk", '["o1","","ready",1,"at_risk","2026-03-06T12:40:00.000Z"]'),
        ("overdue", '["o1","","ready",1,"overdue","2026-03-06T12:40:00.000Z"]'),
    ]
    assert texts(one.decided_at for one in partition.alerts) == ["12:30:00.000", "12:42:00.001"]


def test_an_assignment_of_a_promise_at_risk_raises_no_second_alert() -> None:
    partition = Partition(RISKY).arrive(STORY.taken_by("anna", "12:31").taken_by("ben", "12:32"))

    assert [one.stage for one in partition.alerts] == ["at_risk"]


def test_an_undone_step_raises_no_second_alert_for_the_same_due() -> None:
    #  12:30     12:35   12:36      12:40
    #  at risk   ready   recalled   due
    partition = Partition(RISKY).arrive(STORY).advance("12:30")
    partition.arrive(order("o1").reached("ready", "12:35", id="bump").undone("ready", "12:36", id="recall"))
    assert [one.stage for one in partition.alerts] == ["at_risk"]

    partition.advance("12:50").arrive(
        order("o1").reached("ready", "12:51", id="again").undone("ready", "12:52", id="no")
    )
    assert [one.stage for one in partition.alerts] == ["at_risk", "overdue"]


def test_a_new_due_has_alerts_of_its_own() -> None:
    partition = Partition(RISKY).arrive(STORY.amended("ready", "12:35", due="13:00", by="customer"), "12:00", "12:35")
    partition.advance("12:55").advance("13:05")

    assert [one.stage for one in partition.alerts] == ["at_risk", "at_risk", "overdue"]
    assert texts(one.due for one in partition.alerts) == ["12:40:00.000", "13:00:00.000", "13:00:00.000"]


def test_a_due_that_is_moved_and_moved_back_raises_no_second_alert() -> None:
    story = STORY.amended("ready", "12:32", due="12:41", by="us").amended("ready", "12:33", due="12:40", by="us")
    partition = Partition(RISKY).arrive(story)

    assert [one.due for one in partition.alerts] == [moment("12:40"), moment("12:41")]


def test_a_delivery_in_time_raises_no_alert() -> None:
    assert Partition(RISKY).arrive(STORY.reached("ready", "12:20").ordered("14:00")).alerts == []


def test_an_alert_names_location_and_staff() -> None:
    story = order("o1").promised("ready", due="12:40", time="12:00", at="harbour").taken_by("anna", "12:05")
    [alert] = Partition(RISKY).arrive(story).advance("12:30").alerts

    assert (alert.location, alert.staff, alert.policy, alert.kind) == ("harbour", "anna", "ready@1", "ready")


def test_duplicates_change_nothing_and_are_counted() -> None:
    story = STORY.reached("ready", "12:30")
    partition = Partition().arrive(story)
    before = partition.state.stored_bytes(), partition.net(), len(partition.effects)
    partition.arrive(story, "12:50", "12:50")

    assert (partition.state.stored_bytes(), partition.net(), len(partition.effects)) == before
    assert (partition.state.counters.duplicates, partition.state.counters.events["step_reached"]) == (2, 2)


REFUSED = {
    "nothing": (b"o1", None, "empty"),
    "no JSON": (b"o1", b"{", "not_json"),
    "half a letter": (b"o1", msgspec.json.encode(STORY.events[0]).replace(b'"o1"', b'"\\ud800"'), "not_json"),
    "an unknown type": (b"o1", b'{"type":"poem","id":"1","case":"o1"}', "unknown_type"),
    "no case": (b"o1", b'{"type":"cancelled","id":"1","by":"us","occurred_at":"2026-03-06T12:00:00Z"}', "no_case"),
    "the key of another case": (b"o2", msgspec.json.encode(STORY.events[0]), "wrong_key"),
    "no key": (None, msgspec.json.encode(STORY.events[0]), "wrong_key"),
    "a kind without policy": (
        b"o1",
        msgspec.json.encode(order("o1").promised("warm", due="12:40", time="12:00").events[0]),
        "unknown_kind",
    ),
    "a clock of the year 9999": (None, b'{"type":"clock","source":"till","at":"9999-12-31T00:00:00Z"}', "bad_time"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_record_is_counted_and_changes_nothing_else(name: str) -> None:
    key, value, reason = REFUSED[name]
    partition = Partition().arrive(STORY)
    partition.apply(KafkaRecord(at("12:01"), key, value))

    assert partition.refusals == [reason]
    assert partition.state.counters.rejects == {reason: 1}
    assert (len(partition.state), partition.state.counters.events, partition.net()) == (
        1,
        {"promises_made": 1},
        {"open": 1},
    )
    case = partition.state.case("o1")
    assert case is not None
    assert case.history == STORY.facts()


def test_a_refused_record_advances_the_watermark() -> None:
    partition = Partition().arrive(STORY).apply(KafkaRecord(at("12:50"), b"o1", b"{"))

    assert partition_of(partition) == ["o1 0 broken / undelivered"]


def test_a_clock_record_advances_the_watermark() -> None:
    partition = Partition().arrive(STORY)
    partition.apply(record(Clock(source="till", at=moment("12:45")), at("12:10")))

    assert partition_of(partition) == ["o1 0 broken / undelivered"]
    assert partition.state.watermark.now == at("12:45")
    assert partition.state.counters.events["clock"] == 1


def test_a_case_that_is_returned_is_a_copy() -> None:
    partition = Partition().arrive(STORY)
    case = partition.state.case("o1")
    assert case is not None
    case.history.clear()

    again = partition.state.case("o1")
    assert again is not None
    assert len(again.history) == 1
    assert partition.state.case("o9") is None


def test_cases_do_not_mix() -> None:
    partition = (
        Partition()
        .arrive(STORY)
        .arrive(order("o2").promised("ready", due="12:40", time="12:01"))
        .arrive(order("o1").reached("ready", "12:20", id="bump"))
    )
    partition.advance("12:41")

    assert partition_of(partition) == ["o1 0 kept / on_time", "o2 0 broken / undelivered"]
    assert partition.net() == {"kept": 1, "broken": 1}
    assert_counts_add_up(partition.state.counts)


def test_an_event_in_the_future_counts_at_its_instant_without_another_record() -> None:
    partition = Partition().arrive(STORY.reached("ready", "12:35"), "12:00", "12:30")
    assert partition.effects == []

    assert partition_of(partition.advance("12:35")) == ["o1 0 kept / on_time"]


def test_nothing_is_judged_while_the_wall_clock_is_behind_all_records() -> None:
    partition = Partition()
    partition.apply(record(STORY.events[0], at("12:00")), wall=at("11:00"))

    assert (partition.effects, partition.state.watermark.now) == ([], 0)
    partition.advance("12:00", wall=FOREVER)
    assert partition.net() == {"open": 1}
    assert READY.kinds == {"ready"}
