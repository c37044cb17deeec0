"""`python -m tests.chaos`: one long run, with its progress on the screen."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated

import typer

from tests.chaos.report import describe
from tests.chaos.run import Plan, run
from tests.chaos.schedule import Counts


def main(
    seed: Annotated[int, typer.Option(help="The seed of the load and the faults.")] = 1,
    kills: int = 100,
    rebalances: int = 20,
    zombies: int = 10,
    broker_restarts: int = 5,
    cuts: int = 1,
    brokers: Annotated[int, typer.Option(help="1 or 3")] = 3,
    minutes: Annotated[float, typer.Option(help="The time limit for the faults.")] = 25.0,
    rate: Annotated[float, typer.Option(help="Records a second.")] = 300.0,
    patience: Annotated[float, typer.Option(help="Seconds to wait for a recovery before the next fault.")] = 30.0,
    haste: Annotated[
        float, typer.Option(help="The share of faults that strike before the recovery from the last one.")
    ] = 0.4,
) -> None:
    """Break a deployment in every way under load, and check that nothing is lost or counted twice."""
    counts = Counts(kills, rebalances, zombies, broker_restarts, cuts)
    directory = Path(mkdtemp(prefix="promises-chaos-"))
    typer.echo(f"logs of the workers: {directory}")
    result = run(Plan(seed, counts, brokers, minutes, rate, patience, haste), directory, typer.echo)
    typer.echo(describe(result))
    raise typer.Exit(1 if result.differences else 0)


if __name__ == "__main__":
    typer.run(main)
