"""`promises adapt`: what a payload becomes through an adapter, and why."""

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
from streams.cli.adapted_text import as_text, what
from streams.cli.options import (
    NOT_WELL,
    USAGE,
    LocationsOption,
    TablesOption,
    clear_errors,
    fail,
    load_locations,
    zones_of,
)


def adapt(
    file: Annotated[str, typer.Argument(help="One payload, JSON, as the vendor sends it; - is standard input.")],
    adapter: Annotated[str, typer.Option("--adapter", envvar="PROMISES_ADAPTER", help="A name, or a .toml file.")],
    header: Annotated[list[str] | None, typer.Option(help="'NAME: VALUE' of its request; repeatable.")] = None,
    topic: Annotated[str, typer.Option(help="The topic that it came from.")] = "",
    key: Annotated[str, typer.Option(help="The key of its record.")] = "",
    tables: TablesOption = "",
    locations: LocationsOption = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Show what the payload in FILE becomes through an adapter: its events, and how each of their fields came about."""
    headers = dict(map(_header, header or []))
    with clear_errors():
        reader = load(adapter, tables, zones_of(load_locations(locations)))
        payload = _payload(file)
    try:
        opened = open_envelopes(FeedRecord(payload, key.encode(), headers, topic))
    except Refused as refused:
        fail(f"{file}: {refused}", NOT_WELL)
    if opened is None:
        fail(f"{file}: there is nothing in it", NOT_WELL)
    explanation = explain(reader, opened)
    if json:
        sys.stdout.write(
            msgspec.json.format(msgspec.json.encode(_document(opened, explanation)), indent=1).decode() + "\n"
        )
    else:
        _print(opened, explanation)
    if isinstance(explanation.outcome, Refused):
        raise typer.Exit(NOT_WELL)


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
        "thin": [one._asdict() for one in outcome.thin] if isinstance(outcome, AdaptedRecord) else [],
        "events": list(outcome.events) if isinstance(outcome, AdaptedRecord) else [],
        "rules": [
            {"rule": rule.name, "said": [_said(made) for made in explanation.outputs_of(rule)]}
            for rule in explanation.matching
        ],
        "others": [{"rule": name, "why_not": why} for name, why in explanation.mismatches],
    }


def _said(made: RuleOutput) -> dict[str, Any]:
    return {
        "type": made.template.type,
        "happened": made.record is not None,
        "fields": [
            {
                "place": one.path,
                "expression": one.expression,
                "raw": _plain(one.raw),
                "value": _plain(one.value),
            }
            for one in field_values(made)
        ],
    }


def _plain(value: Any) -> Any:
    """What JSON can say of a value: an expression may yield a function of JSONata."""
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
        for scope, said in groupby(explanation.outputs_of(rule), key=lambda made: made.scope):
            _print_fields(console, common_field_values(rule, scope))
            for made in said:
                _print_made(console, made)
    for name, why in explanation.mismatches:
        console.print(f"rule {name!r} does not fit: {why}", markup=False, style="dim")
    console.print()
    _print_outcome(console, explanation.outcome)


def _print_made(console: Console, made: RuleOutput) -> None:
    fields = own_field_values(made)
    if made.record is None or isinstance(made.record, Clock):
        times = [one for one in fields if one.path.endswith("occurred_at")]
        steps = [str(one.value) for one in fields if one.path.endswith(".step")]
        name = " ".join([made.template.type, *steps])
        why = times[0].expression if times else "occurred_at"
        console.print(f"  {name} has not happened: {why} is nothing", markup=False, style="dim")
        return
    console.print(f"  {what(made.record)}", markup=False)
    _print_fields(console, [one for one in fields if one.expression != f"'{one.value}'"], made.template.path)


def _print_fields(console: Console, fields: list[FieldValue], within: str = "") -> None:
    cells = [(one.path.removeprefix(f"{within}."), _value(one), one.expression) for one in fields]
    names, values = (max((len(row[column]) for row in cells), default=0) for column in (0, 1))
    for name, value, expression in cells:
        console.print(f"    {name:{names}}  {value:{values}}  <- {expression}", markup=False)


def _value(one: FieldValue) -> str:
    """A value, and what it was before it became a time or a word of ours."""
    if isinstance(one.value, datetime):
        value = to_rfc3339(one.value)
        return value if one.raw == value else f"{value} ({short_text(one.raw)})"
    return short_text(one.value) if one.value == one.raw else f"{short_text(one.value)} ({short_text(one.raw)})"


def _print_outcome(console: Console, outcome: AdaptedRecord | Refused) -> None:
    if isinstance(outcome, Refused):
        console.print(f"refused: {outcome}", markup=False, style="red")
    else:
        console.print(as_text(outcome), markup=False, end="")
