"""The published schemas are up to date with the types, and the examples are valid."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from schemas.events import Record
from schemas.generate import RECORDS, documents, main
from schemas.instants import from_datetime, parse_instant, to_datetime
from schemas.reading import RefusalReason, Refused, read_event
from schemas.verdicts import AlertRecord, BasisVerdict, VerdictRecord
from schemas.words import RULINGS, Reason, Ruling, Verdict

PACKAGE = Path(__file__).parents[2] / "schemas"
TAGS = {record.__struct_config__.tag for record in RECORDS}
EXAMPLES = sorted(PACKAGE.glob("examples/*.json"))

COFFEE = {
    "type": "step_reached",
    "id": "pos-4",
    "case": "order-1043",
    "occurred_at": "2026-03-06T12:43:30Z",
    "step": "ready",
}
PROMISE = {"kind": "ready", "due": "2026-03-06T12:40:00Z"}


def published(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((PACKAGE / "json" / f"{name}.schema.json").read_text("utf-8"))
    return schema


@cache
def validator(name: str) -> Draft202012Validator:
    """Return a published schema, validated against the schema of schemas."""
    schema = published(name)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def name_of_schema(message: dict[str, Any]) -> str:
    return message["type"] if message["type"] in ("verdict", "alert") else "event"


def decoded(value: bytes) -> Record | VerdictRecord | AlertRecord:
    """Decode a message as its consumer does: events by `read_event`, outputs by their type."""
    if name_of_schema(json.loads(value)) == "event":
        return read_event(value)
    return msgspec.json.decode(value, type=VerdictRecord | AlertRecord)


def changed(message: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return `message` with other fields; a field of `...` is removed."""
    return {name: value for name, value in (message | fields).items() if value is not ...}


def test_the_committed_files_are_up_to_date() -> None:
    committed = {path: (PACKAGE / path).read_text("utf-8") for path in documents()}
    assert committed == documents(), "run `python -m schemas.generate` and commit the result"


def test_no_schema_is_left_over_from_a_type_that_is_gone() -> None:
    assert {f"json/{path.name}" for path in PACKAGE.glob("json/*")} == {
        path for path in documents() if path.startswith("json/")
    }


@pytest.mark.integration
@pytest.mark.parametrize("seed", ["1", "2"])
def test_generating_on_another_machine_gives_the_same_bytes(seed: str) -> None:
    command = [sys.executable, "-m", "schemas.generate", "--check"]
    environment = os.environ | {"PYTHONHASHSEED": seed}
    run = subprocess.run(command, cwd=PACKAGE.parent, env=environment, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


def test_the_check_names_the_edited_file_and_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    edited = tmp_path / "json" / "verdict.schema.json"
    edited.write_text(edited.read_text("utf-8").replace("kept", "met"), "utf-8")
    (tmp_path / "asyncapi.json").unlink()
    assert main(["--check"], tmp_path) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in lines] == ["schemas/json/verdict.schema.json", "schemas/asyncapi.json"]
    assert all("python -m schemas.generate" in line for line in lines)


def test_every_kind_of_record_has_an_example() -> None:
    shown = {json.loads(path.read_text("utf-8"))["type"] for path in EXAMPLES}
    assert shown == {*TAGS, "verdict", "alert"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_valid_and_survives_a_round_trip(path: Path) -> None:
    value = path.read_bytes()
    message = json.loads(value)
    validator(name_of_schema(message)).validate(message)
    sent_on = msgspec.json.encode(decoded(value))
    assert decoded(sent_on) == decoded(value)
    assert json.loads(sent_on) == message


def test_the_example_of_a_verdict_follows_from_the_examples_of_events() -> None:
    def shown(name: str) -> dict[str, Any]:
        example: dict[str, Any] = json.loads((PACKAGE / "examples" / f"{name}.json").read_text("utf-8"))
        return example

    made, amended, ready, verdict = map(
        shown, ["coffee_1_promises_made", "coffee_3_promise_amended", "coffee_6_step_reached", "verdict"]
    )
    assert verdict["original"]["due"] == made["promises"][0]["due"]
    assert verdict["current"]["due"] == amended["due"]
    for basis in ("original", "current"):
        late = parse_instant(ready["occurred_at"]) - parse_instant(verdict[basis]["due"])
        assert verdict[basis]["lateness_seconds"] == late / 1000


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_unknown_fields_are_allowed(path: Path) -> None:
    message = json.loads(path.read_bytes())
    extended = message | {"till": 4, "extra": {"loyalty": [1, 2]}}
    validator(name_of_schema(message)).validate(extended)
    assert decoded(json.dumps(extended).encode()) == decoded(path.read_bytes())


def made(**terms: Any) -> dict[str, Any]:
    """Return the event of the example with other terms."""
    return changed(COFFEE, type="promises_made", step=..., promises=[changed(PROMISE, **terms)])


def corrected(event: Any) -> dict[str, Any]:
    return changed(COFFEE, type="correction", step=..., corrects="pos-4", event=event)


CLOCK = {"type": "clock", "source": "pos", "at": "2026-03-06T12:50:00Z"}

REFUSED: dict[str, tuple[dict[str, Any], RefusalReason]] = {
    "a type that nobody defined": (changed(COFFEE, type="order_paid"), "unknown_type"),
    "a type in the spelling of another system": (changed(COFFEE, type="StepReached"), "unknown_type"),
    "no type": (changed(COFFEE, type=...), "unknown_type"),
    "a number for a type": (changed(COFFEE, type=7), "unknown_type"),
    "a correction of a correction": (corrected(corrected(None)), "unknown_type"),
    "no case": (changed(COFFEE, case=...), "no_case"),
    "an empty case": (changed(COFFEE, case=""), "no_case"),
    "an order number instead of a text": (changed(COFFEE, case=1043), "no_case"),
    "a case longer than any": (changed(COFFEE, case="9" * 257), "no_case"),
    "a local time without its zone": (changed(COFFEE, occurred_at="2026-03-06T12:43:30"), "bad_time"),
    "a day instead of a time": (changed(COFFEE, occurred_at="2026-03-06"), "bad_time"),
    "seconds since 1970": (changed(COFFEE, occurred_at=1772800000), "bad_time"),
    "the year 0": (changed(COFFEE, occurred_at="0000-03-06T12:43:30Z"), "bad_time"),
    "a due time without its zone": (made(due="2026-03-06T12:40:00"), "bad_time"),
    "a due time of null": (made(due=None), "bad_time"),
    "a window that opens at noon, in words": (made(opens="noon"), "bad_time"),
    "a clock without a zone": (changed(CLOCK, at="2026-03-06T12:50:00"), "bad_time"),
    "a correction to a local time": (corrected(changed(COFFEE, occurred_at="2026-03-06T12:43:30")), "bad_time"),
    "no time at all": (changed(COFFEE, occurred_at=...), "bad_value"),
    "no id": (changed(COFFEE, id=...), "bad_value"),
    "an empty id": (changed(COFFEE, id=""), "bad_value"),
    "no step": (changed(COFFEE, step=...), "bad_value"),
    "a list of steps": (changed(COFFEE, step=["ready"]), "bad_value"),
    "a staff member by name alone": (changed(COFFEE, staff="Anna"), "bad_value"),
    "a staff member without an id": (changed(COFFEE, staff={"role": "barista"}), "bad_value"),
    "a promise without a due time": (made(due=...), "bad_value"),
    "an origin that nobody defined": (made(origin="hinted"), "bad_value"),
    "instalment zero": (made(ordinal=0), "bad_value"),
    "instalment one and a half": (made(ordinal=1.5), "bad_value"),
    "promises that are null": (changed(COFFEE, type="promises_made", step=..., promises=None), "bad_value"),
    "cancelled by nobody known": (changed(COFFEE, type="cancelled", step=..., by="them"), "bad_value"),
    "a clock of partition -1": (changed(CLOCK, partition=-1), "bad_value"),
}


@pytest.mark.parametrize("story", REFUSED)
def test_the_schema_and_the_reader_refuse_the_same_events(story: str) -> None:
    message, reason = REFUSED[story]
    assert not validator("event").is_valid(message)
    with pytest.raises(Refused) as refused:
        read_event(json.dumps(message).encode())
    assert refused.value.reason == reason
    assert refused.value.detail


def test_the_refused_events_have_only_one_fault_each() -> None:
    for sound in (COFFEE, made(), corrected(COFFEE), corrected(None), CLOCK):
        validator("event").validate(sound)
        read_event(json.dumps(sound).encode())


BUSINESS_TIMES = st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30)).flatmap(
    lambda when: st.integers(-14 * 60, 14 * 60).map(
        lambda minutes: when.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    )
)


@given(BUSINESS_TIMES)
def test_the_schema_and_the_reader_accept_the_same_instants(when: datetime) -> None:
    message = changed(COFFEE, occurred_at=when.isoformat())
    validator("event").validate(message)
    event = read_event(json.dumps(message).encode())
    assert msgspec.structs.asdict(event)["occurred_at"] == when
    assert to_datetime(from_datetime(when)) <= when.astimezone(UTC)


@pytest.mark.parametrize("year", ["1970", "1999", "2100", "9999"])
def test_implausible_instants_are_outside_the_schema(year: str) -> None:
    text = f"{year}-06-01T00:00:00Z"
    assert not validator("event").is_valid(changed(COFFEE, occurred_at=text))
    with pytest.raises(ValueError, match="outside the years 2000 to 2099"):
        parse_instant(text)


@pytest.mark.parametrize("verdict", get_args(Verdict))
def test_the_schema_of_verdicts_allows_exactly_the_rulings(verdict: Verdict) -> None:
    example = json.loads((PACKAGE / "examples" / "verdict.json").read_text("utf-8"))
    for reason in get_args(Reason):
        ruled = example | {"current": example["current"] | {"verdict": verdict, "reason": reason}}
        assert validator("verdict").is_valid(ruled) == (Ruling(verdict, reason) in RULINGS), reason


def test_notes_in_docstrings_become_descriptions_of_fields() -> None:
    definitions = published("event")["$defs"]
    assert definitions["StepUndone"]["description"].startswith("A step was undone")
    assert definitions["StepUndone"]["properties"]["occurred_at"]["description"].startswith("when it happened")
    assert definitions["Correction"]["properties"]["occurred_at"]["description"].startswith("when the correction")
    basis_verdict = published("verdict")["$defs"][BasisVerdict.__name__]
    assert "actual minus due" in basis_verdict["properties"]["lateness_seconds"]["description"]
