"""`promises demo`: a local Kafka, a worker and a simulated town, with live rates in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from streams.cli.options import UNREADABLE, end_on_sigterm, fail, report_errors


def demo(
    seed: Annotated[int, typer.Option(help="Seed of the town: the same seed gives the same events.")] = 1,
    seconds: Annotated[
        float | None, typer.Option(min=1, help="End after this many seconds. Default: until Ctrl-C or SIGTERM.")
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="Write the last screen to this file, as SVG.")] = None,
) -> None:
    """Start Apache Kafka, a worker and a simulated town on this machine, and show the rates. Ctrl-C ends all."""
    try:
        from streams.local import demo as local
        from streams.local.kafka_cluster import KafkaUnavailable
    except ImportError as error:
        fail(f"the demo needs {error.name}: pip install 'promises[local]'", UNREADABLE)
    end_on_sigterm()
    console = Console(highlight=False)
    with report_errors():
        try:
            local.run(seed, seconds, picture, console)
        except (KafkaUnavailable, local.DemoFailed) as error:
            fail(str(error), UNREADABLE)
        except KeyboardInterrupt:
            console.print("ended")
