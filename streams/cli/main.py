"""`promises`: every command, put together."""

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
"""The commands; each has the module of its name, and is in there under its name."""


def app_of(commands: Iterable[str] = COMMANDS) -> typer.Typer:
    """The command `promises` with these commands of it."""
    app = typer.Typer(
        name="promises",
        help="Judges promises against deliveries, live, from event streams.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    for name in commands:
        found = getattr(import_module(f"streams.cli.{name}"), name)
        if isinstance(found, typer.Typer):
            app.add_typer(found)
        else:
            app.command()(found)
    return app


def _root() -> None:
    """Judges promises against deliveries, live, from event streams."""


def main() -> None:
    """The command `promises`. Only the one that is asked for is imported: all of them take a second."""
    asked = [name for name in sys.argv[1:2] if name in COMMANDS]
    app_of(asked or COMMANDS)(prog_name="promises")
