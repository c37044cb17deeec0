"""`promises`: every command, put together."""

from __future__ import annotations

import typer

from streams.cli.check import check
from streams.cli.demo import demo
from streams.cli.explain import explain
from streams.cli.judge import judge
from streams.cli.notify import notify
from streams.cli.replay import replay
from streams.cli.status import status
from streams.cli.topics import topics
from streams.cli.worker import worker

app = typer.Typer(
    name="promises",
    help="Judges promises against deliveries, live, from event streams.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (judge, explain, replay, worker, topics, check, status, notify, demo):
    app.command()(command)


@app.callback()
def _root() -> None:
    """Judges promises against deliveries, live, from event streams."""


def main() -> None:
    """The command `promises`."""
    app()
