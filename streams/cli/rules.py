"""`promises rules`: rules for Prometheus and routes for Alertmanager, from objectives and locations."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from schemas.words import Basis
from streams.alerting.annotations import Links
from streams.alerting.objectives import objectives_of, shown
from streams.alerting.prometheus_rules import as_yaml
from streams.alerting.prometheus_rules import rules as rules_of
from streams.alerting.routes import routes_as_yaml
from streams.alerting.tiers import notes
from streams.cli.options import (
    LocationsOption,
    PoliciesOption,
    clear_errors,
    load_locations,
    load_policies,
    load_receivers,
    one_of,
    write_text,
)

BASIS: Final = "original"
RUNBOOKS: Final = Links().runbooks

Given = dict[str, Path | str | None]
"""Options of a command with their values; without one where that is empty."""


def rules(
    out: Annotated[Path, typer.Option(help="The folder to write to: to prometheus and alertmanager in it.")],
    policies: PoliciesOption = None,
    locations: LocationsOption = None,
    receivers: Annotated[
        Path | None, typer.Option(help="Who is told, TOML: routes for Alertmanager, too. Default: no such file.")
    ] = None,
    dashboards: Annotated[str, typer.Option(help="Where Grafana is, for links in alerts.")] = "",
    runbooks: Annotated[str, typer.Option(help="Where the runbooks are, for links in alerts.")] = RUNBOOKS,
    basis: Annotated[str, typer.Option(help="original or current: what locations are held to.")] = BASIS,
) -> None:
    """Write recording rules and alerts for Prometheus, and routes for Alertmanager.

    Says the objective of each kind, and which alerts an objective changes or leaves out.
    """
    chosen: Basis = one_of(Basis, basis, "--basis")
    with clear_errors():
        judged_by, places = load_policies(policies), load_locations(locations)
        objectives, told = objectives_of(judged_by, places), load_receivers(receivers)
    given: Given = {"--policies": policies, "--locations": locations, "--basis": "" if basis == BASIS else basis}
    given |= {"--dashboards": dashboards, "--runbooks": "" if runbooks == RUNBOOKS else runbooks}
    groups = rules_of(objectives, places, chosen, Links(dashboards, runbooks))
    files = {"prometheus/rules.yml": as_yaml(groups, _head(given))}
    if told is not None:
        files["alertmanager/alertmanager.yml"] = routes_as_yaml(told, _head({"--receivers": receivers}))
    with clear_errors():
        wrote = [f"wrote {write_text(out / name, text)}" for name, text in files.items()]
    console = Console(highlight=False, soft_wrap=True)
    for line in (*shown(judged_by, objectives), *notes(objectives), *wrote):
        console.print(line, markup=False)


def _head(given: Given) -> str:
    """Which command makes a file: what was given to it, but not where it wrote."""
    options = [word for option, value in given.items() if value for word in (option, str(value))]
    return f"Made by `promises rules {shlex.join(options)}`: change what that reads, and make it anew."
