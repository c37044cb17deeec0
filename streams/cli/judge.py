"""`promises judge`: the verdicts on all promises of some files, counted."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, cast, get_args

import msgspec
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
    LocationsOption,
    PoliciesOption,
    TablesOption,
    clear_errors,
    fail,
    instant_argument,
    load_adapter,
    load_locations,
    load_policies,
    messages,
)
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
        list[str] | None, typer.Option(help="Judge as of then; repeatable. Default: the last event.")
    ] = None,
    by: Annotated[list[str] | None, typer.Option(help="location, staff, kind, or several with commas.")] = None,
    basis: Annotated[str, typer.Option(help="original or current")] = "current",
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 4 if anything was rejected.")] = False,
) -> None:
    """Judge every promise in FILES and count the verdicts."""
    groupings = [_axes(text) for text in by or []]
    chosen = _basis(basis)
    instants = [instant_argument(text, "--as-of") for text in as_of or []]
    with clear_errors():
        rules, reader = load_policies(policies), load_adapter(adapter, tables, load_locations(locations))
        taken = collect(lines(files, reader), rules)
    if not instants and taken.cases:
        instants = [taken.latest]
    points = [report_point(taken.cases.values(), rules, at, chosen, groupings) for at in instants]
    if json:
        _print_json(taken, points, rules, chosen)
    else:
        _print_tables(taken, points)
    if strict and taken.rejects:
        raise typer.Exit(REJECTS)


@dataclass(slots=True)
class ReadEvents:
    """What was read: histories by case, and what was counted on the way."""

    records: int = 0
    duplicates: int = 0
    latest: Instant = 0
    cases: dict[str, History] = field(default_factory=dict)
    rejects: list[tuple[Line, Refused]] = field(default_factory=list)

    def take(self, case: str, fact: Fact) -> None:
        """Put `fact` into its history."""
        self.latest = max(self.latest, fact.at)
        self.duplicates += not insert(self.cases.setdefault(case, []), fact)


def collect(source: Iterable[Line], policies: Policies) -> ReadEvents:
    """The histories of all cases in `source`; what cannot be read or judged is kept with its reason."""
    taken = ReadEvents()
    for line in source:
        taken.records += 1
        try:
            if isinstance(line.record, Refused):
                raise line.record
            if not isinstance(line.record, Clock):
                taken.take(line.record.case, admit(line.record, policies))
        except Refused as refused:
            taken.rejects.append((line, refused))
    return taken


def _axes(text: str) -> list[Axis]:
    axes = text.split(",")
    for axis in axes:
        if axis not in AXES:
            fail(f"--by {text}: {axis!r} is none of {', '.join(AXES)}", USAGE)
    return cast("list[Axis]", axes)


def _basis(text: str) -> Basis:
    if text not in get_args(Basis):
        fail(f"--basis {text}: write original or current", USAGE)
    return cast("Basis", text)


def _print_json(taken: ReadEvents, points: list[ReportPoint], policies: Policies, basis: Basis) -> None:
    report: dict[str, Any] = {
        "schema": "promises.judge/1",
        "basis": basis,
        "policies": policies.fingerprint,
        "input": {
            "records": taken.records,
            "duplicates": taken.duplicates,
            "rejected": len(taken.rejects),
            "cases": len(taken.cases),
            "unpromised": points[-1].unpromised if points else 0,
        },
        "points": [report_point_as_json(one) for one in points],
        "rejects": [
            {"file": line.file, "line": line.number, "reason": refused.reason, "detail": refused.detail}
            for line, refused in taken.rejects
        ],
    }
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(report), indent=1).decode() + "\n")


def _print_tables(taken: ReadEvents, points: list[ReportPoint]) -> None:
    console = Console(highlight=False, emoji=False)
    for one in points:
        console.print(f"as of {format_instant(one.as_of)}\n")
        console.print(_table("", [(("all",), one.totals)]))
        for name, rows in one.by.items():
            console.print(_table(name, rows))
    counted = f"{taken.records} records, {taken.duplicates} duplicates, {len(taken.rejects)} rejected"
    console.print(f"{counted}, {len(taken.cases)} cases", markup=False)
    for line, refused in taken.rejects[:_REJECTS_SHOWN]:
        messages.print(f"{line.file}, line {line.number}: {refused}", markup=False)
    if len(taken.rejects) > _REJECTS_SHOWN:
        messages.print(f"and {len(taken.rejects) - _REJECTS_SHOWN} more; --json shows all")


_REJECTS_SHOWN = 10


def _table(name: str, rows: list[tuple[Key, ReportRow]]) -> Table:
    """Rows under a name. Lateness is in minutes, signed."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column(name, overflow="fold")
    for heading in ("promises", "kept", "broken", "excluded", "open", "rate", "p50 min", "p95 min"):
        table.add_column(heading, justify="right", no_wrap=True)
    for key, row in rows:
        table.add_row(", ".join(text or "(none)" for text in key), *_cells(row))
    table.add_row()
    return table


def _cells(row: ReportRow) -> list[str]:
    found = row.as_json()
    counts = [str(found[name]) for name in ("promises", "kept", "broken", "excluded", "open")]
    rate = found["kept_rate"]
    lateness = [_minutes(found["lateness_seconds"][name]) for name in ("p50", "p95")]
    return [*counts, "-" if rate is None else f"{rate:.1%}", *lateness]


def _minutes(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds / 60:+.1f}"
