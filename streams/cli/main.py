"""The command `promises`, put together from the modules of its subcommands."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Final

import typer

COMMANDS: Final = (
    *("judge", "explain", "replay", "adapt", "gateway", "intake", "worker", "topics", "check", "status", "tail"),
    *("rejects", "demo", "town", "rules", "notify", "dashboards"),
)
"""The subcommands. Each is the attribute of its name in the module of its name."""


def app_of(commands: Iterable[str] = COMMANDS) -> typer.Typer:
    """Return the command `promises` with these subcommands."""
    app = typer.Typer(
        name="promises",
        help="Judges promises against deliveries, live, from event streams.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    for name in commands:
        command = getattr(import_module(f"streams.cli.{name}"), name)
        if isinstance(command, typer.Typer):
            app.add_typer(command)
        else:
            app.command()(command)
    return app


def _root() -> None:
    """Judges promises against deliveries, live, from event streams."""


def main() -> None:
    """Run the command `promises`. Import only the requested subcommand: all of them take a second."""
    requested = [name for name in sys.argv[1:2] if name in COMMANDS]
    app_of(requested or COMMANDS)(prog_name="promises")
