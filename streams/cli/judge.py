"""`promises judge`: judge every promise in some files and count the verdicts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

import typer
from rich.console import Console
from rich.table import Table

from schemas.events import Clock
from schemas.instants import Instant, format_instant
from schemas.reading import Refused
from schemas.words import Basis
from streams.adapters.files import Line, lines
from streams.cli.options import (
    REJECTS,
    USAGE,
    AdapterOption,
    JsonOption,
    LocationsOption,
    PoliciesOption,
    TablesOption,
    fail,
    load_adapter,
    load_locations,
    load_policies,
    parse_instant_option,
    report_errors,
    stderr,
)
from streams.cli.output import write_json
from streams.judging.admission import admit
from streams.judging.history import Fact, History, insert
from streams.judging.policy import Policies
from streams.judging.report import AXES, Axis, Key, ReportPoint, ReportRow, report_point, report_point_as_json


def judge(
    files: Annotated[list[str], typer.Argument(help="Canonical NDJSON; CSV or NDJSON with --adapter; gzip, or -.")],
    adapter: AdapterOption = None,
    tables: TablesOption = "",
    locations: LocationsOption = None,
    policies: PoliciesOption = None,
    as_of: Annotated[
        list[str] | None, typer.Option(help="Instant of judgement; repeatable. Default: the last event.")
    ] = None,
    by: Annotated[
        list[str] | None, typer.Option(help="Group by location, staff or kind, or several with commas; repeatable.")
    ] = None,
    basis: Annotated[Basis, typer.Option(help="Judge by the original or by the current promise.")] = "current",
    json: JsonOption = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 4 if any record was rejected.")] = False,
) -> None:
    """Judge every promise in FILES and count the verdicts."""
    groupings = [_axes(text) for text in by or []]
    instants = [parse_instant_option(text, "--as-of") for text in as_of or []]
    with report_errors():
        rules, reader = load_policies(policies), load_adapter(adapter, tables, load_locations(locations))
        events = collect(lines(files, reader), rules)
    if not instants and events.cases:
        instants = [events.latest]
    points = [report_point(events.cases.values(), rules, instant, basis, groupings) for instant in instants]
    if json:
        write_json(_document(events, points, rules, basis))
    else:
        _print_tables(events, points)
    if strict and events.rejects:
        raise typer.Exit(REJECTS)


@dataclass(slots=True)
class ReadEvents:
    """The events that were read, as histories by case, with counts and rejected lines."""

    records: int = 0
    duplicates: int = 0
    latest: Instant = 0
    cases: dict[str, History] = field(default_factory=dict)
    rejects: list[tuple[Line, Refused]] = field(default_factory=list)

    def add(self, case: str, fact: Fact) -> None:
        """Insert `fact` into the history of its case."""
        self.latest = max(self.latest, fact.at)
        self.duplicates += not insert(self.cases.setdefault(case, []), fact)


def collect(source: Iterable[Line], policies: Policies) -> ReadEvents:
    """Return the histories of all cases in `source`, and the lines that cannot be read or judged."""
    events = ReadEvents()
    for line in source:
        events.records += 1
        try:
            if isinstance(line.record, Refused):
                raise line.record
            if not isinstance(line.record, Clock):
                events.add(line.record.case, admit(line.record, policies))
        except Refused as refused:
            events.rejects.append((line, refused))
    return events


def _axes(text: str) -> list[Axis]:
    axes = text.split(",")
    for axis in axes:
        if axis not in AXES:
            fail(f"--by {text}: {axis!r} is unknown; write some of {', '.join(AXES)}", USAGE)
    return cast("list[Axis]", axes)


def _document(events: ReadEvents, points: list[ReportPoint], policies: Policies, basis: Basis) -> dict[str, Any]:
    return {
        "schema": "promises.judge/1",
        "basis": basis,
        "policies": policies.fingerprint,
        "input": {
            "records": events.records,
            "duplicates": events.duplicates,
            "rejected": len(events.rejects),
            "cases": len(events.cases),
            "unpromised": points[-1].unpromised if points else 0,
        },
        "points": [report_point_as_json(at_point) for at_point in points],
        "rejects": [
            {"file": line.file, "line": line.number, "reason": refused.reason, "detail": refused.detail}
            for line, refused in events.rejects
        ],
    }


def _print_tables(events: ReadEvents, points: list[ReportPoint]) -> None:
    console = Console(highlight=False, emoji=False)
    for at_point in points:
        console.print(f"as of {format_instant(at_point.as_of)}\n")
        console.print(_table("", [(("all",), at_point.totals)]))
        for name, rows in at_point.by.items():
            console.print(_table(name, rows))
    counts = f"{events.records} records, {events.duplicates} duplicates, {len(events.rejects)} rejected"
    console.print(f"{counts}, {len(events.cases)} cases", markup=False)
    for line, refused in events.rejects[:_REJECTS_SHOWN]:
        stderr.print(f"{line.file}, line {line.number}: {refused}", markup=False)
    if len(events.rejects) > _REJECTS_SHOWN:
        stderr.print(f"and {len(events.rejects) - _REJECTS_SHOWN} more; --json shows all")


_REJECTS_SHOWN = 10


def _table(name: str, rows: list[tuple[Key, ReportRow]]) -> Table:
    """Return a table of counts by key. Lateness is in minutes, signed."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column(name, overflow="fold")
    for heading in ("promises", "kept", "broken", "excluded", "open", "rate", "p50 min", "p95 min"):
        table.add_column(heading, justify="right", no_wrap=True)
    for key, row in rows:
        table.add_row(", ".join(text or "(none)" for text in key), *_cells(row))
    table.add_row()
    return table


def _cells(row: ReportRow) -> list[str]:
    values = row.as_json()
    counts = [str(values[name]) for name in ("promises", "kept", "broken", "excluded", "open")]
    rate = values["kept_rate"]
    lateness = [_minutes(values["lateness_seconds"][name]) for name in ("p50", "p95")]
    return [*counts, "-" if rate is None else f"{rate:.1%}", *lateness]


def _minutes(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds / 60:+.1f}"
