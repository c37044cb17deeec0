"""The columns of a log become canonical events."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.events import Cancelled, Correction, PromisesMade, PromiseTerms, Record, Staff, StepReached
from schemas.reading import Refused
from streams.adapters.adapter_file import parse_adapter
from streams.adapters.feed_records import OpenedRecord
from streams.adapters.vendors import load

EVENT = 'id = "number"\ncase = "order"\noccurred_at = "time"\n'
MADE = """
[[rule]]
name = "opened"
when = { what = "opened" }
promises_made = { promises = [{ kind = "'ready'", due = "due" }] }
"""
DONE = """
[[rule]]
name = "done"
when = { what = "done" }
step_reached = { step = "'ready'" }
"""
NOON = datetime(2026, 3, 6, 12, tzinfo=UTC)
TEN_PAST = datetime(2026, 3, 6, 12, 10, tzinfo=UTC)


def row(what: str, **cells: Any) -> dict[str, Any]:
    return {"number": "7", "order": "a-1", "time": "2026-03-06T12:00:00Z", "what": what} | cells


def adapted(adapter: str, cells: dict[str, Any]) -> Record:
    (event,) = parse_adapter(adapter, "shop.toml", {}).adapt(OpenedRecord(cells)).events
    return event


def refusal(adapter: str, cells: dict[str, Any]) -> Refused:
    with pytest.raises(Refused) as raised:
        adapted(adapter, cells)
    return raised.value


def test_columns_fill_the_fields_of_the_event() -> None:
    assert adapted(EVENT + DONE, row("done")) == StepReached(id="7", case="a-1", occurred_at=NOON, step="ready")


def test_a_column_that_no_rule_reads_changes_nothing() -> None:
    assert adapted(EVENT + DONE, row("done", customer="Ms Smith")) == adapted(EVENT + DONE, row("done"))


def test_an_instant_of_another_time_zone_is_the_same_instant() -> None:
    event = adapted(EVENT + DONE, row("done", time="2026-03-06T13:00:00+01:00"))
    assert isinstance(event, StepReached)
    assert event.occurred_at == NOON


def test_a_numeric_id_becomes_its_digits() -> None:
    assert adapted(EVENT + DONE, row("done", number=7, order=1)) == StepReached(
        id="7", case="1", occurred_at=NOON, step="ready"
    )


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_cell_leaves_its_field_out_and_a_role_without_an_id_is_left_out(empty: str | None) -> None:
    adapter = EVENT + 'location = "shop"\nstaff = { id = "clerk", role = "job" }\n' + DONE
    without = adapted(adapter, row("done", shop=empty, clerk=empty, job="till"))
    assert without == adapted(EVENT + DONE, row("done"))
    staffed = adapted(adapter, row("done", shop="soho", clerk="ada", job=empty))
    assert isinstance(staffed, StepReached)
    assert (staffed.location, staffed.staff) == ("soho", Staff(id="ada"))


def test_quoted_texts_and_other_values_are_constants() -> None:
    rule = MADE.replace("due }", "due }").replace('due = "due" }', "due = 2026-03-06T12:10:00Z, ordinal = 2 }")
    event = adapted(EVENT + "source = \"'till'\"\n" + rule, row("opened"))
    assert isinstance(event, PromisesMade)
    assert event.source == "till"
    assert event.promises == [PromiseTerms(kind="ready", due=TEN_PAST, ordinal=2)]


@pytest.mark.parametrize(
    ("words", "steps"),
    [
        ('values = { A = "accepted" }', ["accepted", "b", "7"]),
        ('values = { A = "accepted" }, default = "other"', ["accepted", "other", "other"]),
        (
            'values = { A = "accepted", B = "started", 7 = "ready" }, ignore_case = true',
            ["accepted", "started", "ready"],
        ),
    ],
    ids=["kept where not listed", "a default", "whatever the case"],
)
def test_words_of_a_vendor_are_mapped_to_ours(words: str, steps: list[str]) -> None:
    adapter = EVENT + DONE.replace("\"'ready'\"", f'{{ from = "stage", {words} }}')
    events = [adapted(adapter, row("done", stage=stage)) for stage in ("A", "b", 7)]
    assert [event.step for event in events if isinstance(event, StepReached)] == steps


def test_fields_of_an_event_override_those_of_the_rule_and_the_file() -> None:
    rule = '[[rule]]\nname = "void"\nchannel = "\'phone\'"\ncancelled = { by = "who", location = "nowhere" }\n'
    void = adapted(EVENT + 'channel = "\'till\'"\nlocation = "shop"\n' + rule, row("void", who="customer", shop="soho"))
    assert void == Cancelled(id="7", case="a-1", occurred_at=NOON, by="customer", channel="phone")


def test_a_correction_contains_the_corrected_event() -> None:
    rule = """
        [[rule]]
        name = "correction"
        [rule.correction]
        corrects = "wrong"
        [rule.correction.event]
        type = "'step_reached'"
        id = "wrong"
        case = "order"
        occurred_at = "really"
        step = "'ready'"
        staff.id = "clerk"
    """
    event = adapted(EVENT + rule, row("correction", wrong="3", really="2026-03-06T12:10:00Z", clerk="ada"))
    instead = StepReached(id="3", case="a-1", occurred_at=TEN_PAST, step="ready", staff=Staff(id="ada"))
    assert event == Correction(id="7", case="a-1", occurred_at=NOON, corrects="3", event=instead)


def test_one_row_may_give_several_promises_and_those_without_a_due_time_are_left_out() -> None:
    terms = '{ kind = "\'ready\'", due = "ready_by" }, { kind = "\'delivered\'", due = "delivered_by" }'
    rule = f'[[rule]]\nname = "opened"\npromises_made = {{ promises = [{terms}] }}\n'
    event = adapted(EVENT + rule, row("opened", ready_by="", delivered_by="2026-03-06T12:10:00Z"))
    assert isinstance(event, PromisesMade)
    assert event.promises == [PromiseTerms(kind="delivered", due=TEN_PAST)]


def test_a_case_without_promises_is_still_an_event() -> None:
    event = adapted(EVENT + MADE, row("opened", due=""))
    assert event == PromisesMade(id="7", case="a-1", occurred_at=NOON, promises=[])


@pytest.mark.parametrize(
    ("cells", "reason", "message"),
    [
        (row("done", order=""), "no_case", "rule 'done': Object missing required field `case`"),
        (row("done", order={"id": "a-1"}), "no_case", "$.case"),
        (row("done", time="noon"), "bad_time", "rule 'done': occurred_at (time): 'noon' is not a time: write RFC 3339"),
        (row("done", time="2026-03-06T12:00:00"), "bad_time", "has no time zone: write $local("),
        (row("done", order="a" * 257), "no_case", "$.case"),
        (row("done", order="caf\udce9"), "bad_value", "not UTF-8"),
        (row("done", time=""), "unknown_shape", "rule 'done' fits, but none of its events has a time"),
        (row("eaten"), "unknown_shape", "shop.toml: no rule fits; what is 'eaten'"),
        (row("done") | {"what": ["done", "dusted"]}, "unknown_shape", "what is ['done', 'dusted']"),
        (row("done") | {"what": {"is": "done"}}, "unknown_shape", "what is {'is': 'done'}"),
        ({}, "unknown_shape", "what is nothing"),
    ],
)
def test_a_row_that_is_not_an_event_is_refused_with_reason_rule_and_field(
    cells: dict[str, Any], reason: str, message: str
) -> None:
    refused = refusal(EVENT + DONE, cells)
    assert refused.reason == reason
    assert message in refused.detail


def test_an_adapter_knows_the_columns_that_it_reads() -> None:
    rule = '[[rule]]\nname = "void"\ncancelled = { by = { from = "who", values = { us = "us" } } }\n'
    lines = '[[rule]]\nname = "lines"\nwhen = { "$record.kind" = "order" }\neach = "lines"\nsteps.ready = "ready_at"\n'
    adapter = parse_adapter(EVENT + MADE + rule + lines, "shop.toml", {})
    assert adapter.columns == {"number", "order", "time", "what", "due", "who", "lines", "kind"}


def test_the_example_log_has_eight_columns() -> None:
    assert len(load(str(Path(__file__).parents[2] / "examples" / "promise-log.toml")).columns) == 8
