"""`promises`: every command, put together."""

from __future__ import annotations

import typer

from streams.cli.adapt import adapt
from streams.cli.check import check
from streams.cli.dashboards import dashboards
from streams.cli.demo import demo
from streams.cli.explain import explain
from streams.cli.gateway import gateway
from streams.cli.intake import intake
from streams.cli.judge import judge
from streams.cli.notify import notify
from streams.cli.rejects import rejects
from streams.cli.replay import replay
from streams.cli.rules import rules
from streams.cli.status import status
from streams.cli.tail import tail
from streams.cli.topics import topics
from streams.cli.town import town
from streams.cli.worker import worker

app = typer.Typer(
    name="promises",
    help="Judges promises against deliveries, live, from event streams.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    judge, explain, replay, adapt, gateway, intake, worker, topics, check, status, tail, demo, town, rules, notify,
):  # fmt: skip
    app.command()(command)
app.add_typer(dashboards)
app.add_typer(rejects)


@app.callback()
def _root() -> None:
    """Judges promises against deliveries, live, from event streams."""


def main() -> None:
    """The command `promises`."""
    app()
