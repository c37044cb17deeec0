"""`promises`: every command, put together."""

from __future__ import annotations

import typer

from streams.cli.judge import judge

app = typer.Typer(
    name="promises",
    help="Judges promises against deliveries, live, from event streams.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(judge)


@app.callback()
def _root() -> None:
    """Judges promises against deliveries, live, from event streams."""


def main() -> None:
    """The command `promises`."""
    app()
