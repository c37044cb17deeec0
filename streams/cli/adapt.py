"""`promises adapt`: show the events that an adapter makes of a payload, and where each field comes from."""

from __future__ import annotations

import sys
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from schemas.events import Clock
from schemas.reading import Refused
from streams.adapters.conditions import short_text
from streams.adapters.envelopes import open_envelopes
from streams.adapters.explanation import (
    RecordExplanation,
    common_field_values,
    explain,
    field_values,
    own_field_values,
)
from streams.adapters.feed_records import AdaptedRecord, FeedRecord, OpenedRecord
from streams.adapters.fields import FieldValue
from streams.adapters.files import UnreadableInput
from streams.adapters.rules import RuleOutput
from streams.adapters.times import to_rfc3339
from streams.adapters.vendors import load
from streams.cli.event_text import adapted_text, event_text
from streams.cli.options import (
    CHECK_FAILED,
    USAGE,
    JsonOption,
    LocationsOption,
    TablesOption,
    fail,
    load_locations,
    report_errors,
    zones_of,
)
from streams.cli.output import write_json


def adapt(
    file: Annotated[str, typer.Argument(help="One JSON payload as the vendor sends it; - is standard input.")],
    adapter: Annotated[
        str, typer.Option("--adapter", envvar="PROMISES_ADAPTER", help="Name of the adapter, or a .toml file.")
    ],
    header: Annotated[list[str] | None, typer.Option(help="Request header, 'NAME: VALUE'; repeatable.")] = None,
    topic: Annotated[str, typer.Option(help="Topic of the record.")] = "",
    key: Annotated[str, typer.Option(help="Key of the record.")] = "",
    tables: TablesOption = "",
    locations: LocationsOption = None,
    json: JsonOption = False,
) -> None:
    """Show the events that an adapter makes of the payload in FILE, and where each of their fields comes from."""
    headers = dict(map(_header, header or []))
    with report_errors():
        reader = load(adapter, tables, zones_of(load_locations(locations)))
        payload = _payload(file)
    try:
        opened = open_envelopes(FeedRecord(payload, key.encode(), headers, topic))
    except Refused as refused:
        fail(f"{file}: {refused}", CHECK_FAILED)
    if opened is None:
        fail(f"{file} is empty; give a file with one payload", CHECK_FAILED)
    explanation = explain(reader, opened)
    if json:
        write_json(_document(opened, explanation))
    else:
        _print(opened, explanation)
    if isinstance(explanation.outcome, Refused):
        raise typer.Exit(CHECK_FAILED)


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        fail(f"--header {text}: write it as 'NAME: VALUE'", USAGE)
    return name.strip().lower(), value.strip()


def _payload(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UnreadableInput(f"{file}: {error.strerror}; give a file with one payload, or - for stdin") from error


def _document(opened: OpenedRecord, explanation: RecordExplanation) -> dict[str, Any]:
    outcome = explanation.outcome
    return {
        "schema": "promises.adapt/1",
        "envelopes": opened.envelopes,
        "refused": {"reason": outcome.reason, "detail": outcome.detail} if isinstance(outcome, Refused) else None,
        "ignored": outcome.ignored if isinstance(outcome, AdaptedRecord) else "",
        "thin": [thin._asdict() for thin in outcome.thin] if isinstance(outcome, AdaptedRecord) else [],
        "events": list(outcome.events) if isinstance(outcome, AdaptedRecord) else [],
        "rules": [
            {"rule": rule.name, "said": [_made_event(made) for made in explanation.outputs_of(rule)]}
            for rule in explanation.matching
        ],
        "others": [{"rule": name, "why_not": why} for name, why in explanation.mismatches],
    }


def _made_event(made: RuleOutput) -> dict[str, Any]:
    return {
        "type": made.template.type,
        "happened": made.record is not None,
        "fields": [
            {
                "place": field.path,
                "expression": field.expression,
                "raw": _json_value(field.raw),
                "value": _json_value(field.value),
            }
            for field in field_values(made)
        ],
    }


def _json_value(value: Any) -> Any:
    """Return `value`, or its text if JSON cannot hold it: a JSONata expression may yield a function."""
    try:
        msgspec.json.encode(value)
    except TypeError:
        return str(value)
    return value


def _print(opened: OpenedRecord, explanation: RecordExplanation) -> None:
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    if opened.envelopes:
        console.print(f"envelopes, from the outside in: {', '.join(opened.envelopes)}", markup=False)
    for rule in explanation.matching:
        console.print(f"rule {rule.name!r} fits{f': ignored, {rule.ignore}' if rule.ignore else ''}", markup=False)
        for scope, events in groupby(explanation.outputs_of(rule), key=lambda made: made.scope):
            _print_fields(console, common_field_values(rule, scope))
            for made in events:
                _print_made(console, made)
    for name, why in explanation.mismatches:
        console.print(f"rule {name!r} does not fit: {why}", markup=False, style="dim")
    console.print()
    _print_outcome(console, explanation.outcome)


def _print_made(console: Console, made: RuleOutput) -> None:
    fields = own_field_values(made)
    if made.record is None or isinstance(made.record, Clock):
        times = [field for field in fields if field.path.endswith("occurred_at")]
        steps = [str(field.value) for field in fields if field.path.endswith(".step")]
        name = " ".join([made.template.type, *steps])
        expression = times[0].expression if times else "occurred_at"
        console.print(f"  {name} has not happened: {expression} is nothing", markup=False, style="dim")
        return
    console.print(f"  {event_text(made.record)}", markup=False)
    computed = [field for field in fields if field.expression != f"'{field.value}'"]
    _print_fields(console, computed, made.template.path)


def _print_fields(console: Console, fields: list[FieldValue], within: str = "") -> None:
    cells = [(field.path.removeprefix(f"{within}."), _value_text(field), field.expression) for field in fields]
    names, values = (max((len(row[column]) for row in cells), default=0) for column in (0, 1))
    for name, value, expression in cells:
        console.print(f"    {name:{names}}  {value:{values}}  <- {expression}", markup=False)


def _value_text(field: FieldValue) -> str:
    """Return the value of a field, with the raw value behind it if the adapter converted it."""
    if isinstance(field.value, datetime):
        value = to_rfc3339(field.value)
        return value if field.raw == value else f"{value} ({short_text(field.raw)})"
    return (
        short_text(field.value) if field.value == field.raw else f"{short_text(field.value)} ({short_text(field.raw)})"
    )


def _print_outcome(console: Console, outcome: AdaptedRecord | Refused) -> None:
    if isinstance(outcome, Refused):
        console.print(f"refused: {outcome}", markup=False, style="red")
    else:
        console.print(adapted_text(outcome), markup=False, end="")
