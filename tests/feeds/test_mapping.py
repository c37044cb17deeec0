"""Other people's columns become canonical events; a mapping that cannot be used says so before anything is read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.events import Cancelled, Correction, PromisesMade, PromiseTerms, Record, Staff, StepReached
from schemas.reading import Refused
from streams.feeds.mapping import EventMapping, MappingError

EVENT = """
[event]
id = "number"
case = "order"
occurred_at = "time"
type = { column = "what", values = { opened = "promises_made", done = "step_reached", void = "cancelled" } }
"""
MADE = EVENT + '[promises_made]\npromises = [{ kind = { constant = "ready" }, due = "due" }]\n'
DONE = EVENT + '[step_reached]\nstep = { constant = "ready" }\n'
NOON = datetime(2026, 3, 6, 12, tzinfo=UTC)
TEN_PAST = datetime(2026, 3, 6, 12, 10, tzinfo=UTC)


def row(what: str, **cells: Any) -> dict[str, Any]:
    return {"number": "7", "order": "a-1", "time": "2026-03-06T12:00:00Z", "what": what} | cells


def mapped(mapping: str, cells: dict[str, Any]) -> Record:
    return EventMapping(mapping, "shop.toml").record(cells)


def refusal(mapping: str, cells: dict[str, Any]) -> Refused:
    with pytest.raises(Refused) as raised:
        mapped(mapping, cells)
    return raised.value


def complaint(mapping: str) -> str:
    with pytest.raises(MappingError) as raised:
        EventMapping(mapping, "shop.toml")
    message = str(raised.value)
    assert message.startswith("shop.toml: ")
    return message


def test_columns_fill_the_fields_of_the_event() -> None:
    assert mapped(DONE, row("done")) == StepReached(id="7", case="a-1", occurred_at=NOON, step="ready")


def test_a_column_that_is_not_mapped_is_ignored() -> None:
    assert mapped(DONE, row("done", customer="Ms Smith")) == mapped(DONE, row("done"))


def test_an_instant_of_another_time_zone_is_the_same_instant() -> None:
    event = mapped(DONE, row("done", time="2026-03-06T13:00:00+01:00"))
    assert isinstance(event, StepReached)
    assert event.occurred_at == NOON


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_cell_leaves_its_field_out(empty: str | None) -> None:
    mapping = DONE + 'location = "shop"\nstaff = { id = "clerk", role = "job" }\n'
    without = mapped(mapping, row("done", shop=empty, clerk=empty, job=empty))
    assert without == mapped(DONE, row("done"))
    staffed = mapped(mapping, row("done", shop="soho", clerk="ada", job=empty))
    assert isinstance(staffed, StepReached)
    assert (staffed.location, staffed.staff) == ("soho", Staff(id="ada"))


def test_a_constant_is_the_same_in_every_event_and_may_be_any_value() -> None:
    terms = '[{ kind = "ready", due = 2026-03-06T12:10:00Z, ordinal = 2 }]'
    mapping = EVENT + f'source = {{ constant = "till" }}\n[promises_made]\npromises = {{ constant = {terms} }}\n'
    event = mapped(mapping, row("opened"))
    assert isinstance(event, PromisesMade)
    assert event.source == "till"
    assert event.promises == [PromiseTerms(kind="ready", due=TEN_PAST, ordinal=2)]


def test_values_are_translated_where_they_are_listed_and_kept_where_they_are_not() -> None:
    mapping = EVENT + '[step_reached]\nstep = { column = "stage", values = { A = "accepted" } }\n'
    steps = [mapped(mapping, row(what, stage=stage)) for what, stage in [("done", "A"), ("step_reached", "B")]]
    assert [step.step for step in steps if isinstance(step, StepReached)] == ["accepted", "B"]


def test_a_type_that_is_neither_known_nor_translated_is_a_reject() -> None:
    assert refusal(DONE, row("eaten")).reason == "unknown_type"


def test_a_table_of_a_type_speaks_of_that_type_alone_and_over_the_common_one() -> None:
    mapping = EVENT + 'channel = { constant = "till" }\n[cancelled]\nby = "who"\nchannel = { constant = "phone" }\n'
    void = mapped(mapping, row("void", who="customer"))
    assert void == Cancelled(id="7", case="a-1", occurred_at=NOON, by="customer", channel="phone")


def test_nested_fields_are_written_as_nested_tables() -> None:
    mapping = EVENT + """
        [correction]
        corrects = "wrong"
        [correction.event]
        type = { constant = "step_reached" }
        id = "wrong"
        case = "order"
        occurred_at = "really"
        step = { constant = "ready" }
        staff.id = "clerk"
    """
    event = mapped(mapping, row("correction", wrong="3", really="2026-03-06T12:10:00Z", clerk="ada"))
    instead = StepReached(id="3", case="a-1", occurred_at=TEN_PAST, step="ready", staff=Staff(id="ada"))
    assert event == Correction(id="7", case="a-1", occurred_at=NOON, corrects="3", event=instead)


def test_one_row_may_give_several_promises_and_those_without_a_due_time_are_left_out() -> None:
    kinds = ", ".join(f'{{ kind = {{ constant = "{kind}" }}, due = "{kind}_by" }}' for kind in ("ready", "delivered"))
    mapping = EVENT + f"[promises_made]\npromises = [{kinds}]\n"
    event = mapped(mapping, row("opened", ready_by="", delivered_by="2026-03-06T12:10:00Z"))
    assert isinstance(event, PromisesMade)
    assert event.promises == [PromiseTerms(kind="delivered", due=TEN_PAST)]


def test_a_case_to_which_nothing_was_promised_is_still_a_case() -> None:
    event = mapped(MADE, row("opened", due=""))
    assert event == PromisesMade(id="7", case="a-1", occurred_at=NOON, promises=[])


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (row("done", order=""), "no_case"),
        (row("done", number=""), "bad_value"),
        (row("done", number=7), "bad_value"),
        (row("done", order={"id": "a-1"}), "no_case"),
        (row("done", time="noon"), "bad_time"),
        (row("done", time="2026-03-06T12:00:00"), "bad_time"),
        (row("done", order="a" * 257), "no_case"),
        ({}, "unknown_type"),
    ],
)
def test_a_row_that_is_no_event_is_a_reject_with_its_reason(cells: dict[str, Any], reason: str) -> None:
    assert refusal(DONE, cells).reason == reason


@pytest.mark.parametrize("what", [["done"], {"is": "done"}])
def test_a_type_that_is_no_text_is_a_reject(what: Any) -> None:
    mapping = '[event]\ntype = "what"\n[step_reached]\nstep = { constant = "ready" }\n'
    assert refusal(mapping, row("done") | {"what": what}).reason == "unknown_type"


def test_a_cell_that_was_not_utf_8_is_a_reject_that_says_so() -> None:
    refused = refusal(DONE, row("done", order="caf\udce9"))
    assert refused.reason == "bad_value"
    assert "not UTF-8" in refused.detail


def test_a_mapping_knows_all_columns_it_reads() -> None:
    mapping = EventMapping(MADE + "[cancelled]\nby = { column = 'who', values = { us = 'us' } }\n", "shop.toml")
    assert mapping.columns == {"number", "order", "time", "what", "due", "who"}


@pytest.mark.parametrize("said", ["csv", "ndjson", None])
def test_a_mapping_may_say_the_format_of_its_files(said: str | None) -> None:
    head = f'format = "{said}"\n' if said else ""
    assert EventMapping(head + EVENT, "shop.toml").format == said


def test_the_mapping_that_ships_is_one() -> None:
    path = Path(__file__).parents[2] / "examples" / "promise-log.toml"
    assert len(EventMapping(path.read_text("utf-8"), path.name).columns) == 8


@pytest.mark.parametrize(
    ("mapping", "told"),
    [
        ("[event\n", "not TOML"),
        ("", "[event] is missing"),
        ('event = "number"\n', "[event] is missing"),
        (EVENT + "[delivered]\nstep = 'x'\n", "[delivered] is no event type; the types are cancelled, clock, "),
        ('format = "xlsx"\n' + EVENT, "format = 'xlsx': write 'csv' or 'ndjson', or leave it out"),
        ("[event]\nid = 7\n", "event.id: write a column's name, a table or a list"),
        ("[event]\nid = {}\n", "event.id: write a column's name, a table or a list"),
        ("[event]\nstaff.id = 7\n", "event.staff.id: write a column's name"),
        (EVENT + "[promises_made]\npromises = [7]\n", "promises_made.promises: write a column's name"),
    ],
)
def test_a_mapping_that_cannot_be_used_names_the_key_and_the_remedy(mapping: str, told: str) -> None:
    assert told in complaint(mapping)


@pytest.mark.parametrize(
    "column",
    ["{ column = 7 }", '{ column = ["number"] }', '{ column = "number", values = "upper" }', '""'],
    ids=["a number", "a list", "no table of values", "nothing"],
)
def test_a_column_that_is_written_wrongly_is_told_with_its_key(column: str) -> None:
    assert "event.id" in complaint(f"[event]\nid = {column}\n")


def test_a_field_that_no_event_has_is_told_and_not_ignored() -> None:
    assert "locaton" in complaint(EVENT + 'locaton = "shop"\n')
