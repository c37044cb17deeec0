"""`promises rules`: rules for Prometheus and routes for Alertmanager, from objectives and locations."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from schemas.words import Basis
from streams.alerting.objectives import objectives_of, shown
from streams.alerting.rules import as_yaml
from streams.alerting.rules import rules as rules_of
from streams.alerting.texts import Links
from streams.alerting.tiers import notes
from streams.cli.options import (
    LocationsOption,
    PoliciesOption,
    clear_errors,
    load_locations,
    load_policies,
    one_of,
    write_text,
)

BASIS: Final = "original"
RUNBOOKS: Final = Links().runbooks


def rules(
    out: Annotated[Path, typer.Option(help="The folder to write to: prometheus/rules.yml in it.")],
    policies: PoliciesOption = None,
    locations: LocationsOption = None,
    dashboards: Annotated[str, typer.Option(help="Where Grafana is, for links in alerts.")] = "",
    runbooks: Annotated[str, typer.Option(help="Where the runbooks are, for links in alerts.")] = RUNBOOKS,
    basis: Annotated[str, typer.Option(help="original or current: what locations are held to.")] = BASIS,
) -> None:
    """Write recording rules and alerts for Prometheus, and say which alerts an objective changes or leaves out."""
    chosen: Basis = one_of(Basis, basis, "--basis")
    with clear_errors():
        judged_by, places = load_policies(policies), load_locations(locations)
        objectives = objectives_of(judged_by, places)
    given = {"--policies": policies, "--locations": locations, "--basis": "" if basis == BASIS else basis}
    head = _head({**given, "--dashboards": dashboards, "--runbooks": "" if runbooks == RUNBOOKS else runbooks})
    groups = rules_of(objectives, places, chosen, Links(dashboards, runbooks))
    console = Console(highlight=False, soft_wrap=True)
    for line in (*shown(judged_by, objectives), *notes(objectives)):
        console.print(line, markup=False)
    with clear_errors():
        console.print(f"wrote {write_text(out / 'prometheus' / 'rules.yml', as_yaml(groups, head))}", markup=False)


def _head(given: dict[str, Path | str | None]) -> str:
    """Which command makes a file: what was given to it, but not where it wrote."""
    options = [word for option, value in given.items() if value for word in (option, str(value))]
    return f"Made by `promises rules {shlex.join(options)}`: change policies and locations, and make it anew."
