"""`promises demo`: see it live on this machine: a Kafka, a worker, a simulated town."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from streams.cli.options import UNREADABLE, clear_errors, end_on_sigterm, fail


def demo(
    seed: Annotated[int, typer.Option(help="Which town: the same seed lives the same life.")] = 1,
    seconds: Annotated[
        float | None, typer.Option(min=1, help="Seconds to run. Default: until Ctrl-C or SIGTERM.")
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw what was shown last here, as SVG.")] = None,
) -> None:
    """Start Apache Kafka, a worker and a simulated town here, and watch the rates. Ctrl-C ends all of it."""
    try:
        from streams.local import demo as local
        from streams.local.kafka_cluster import KafkaUnavailable
    except ImportError as error:
        fail(f"the demo needs {error.name}: pip install 'promises[local]'", UNREADABLE)
    end_on_sigterm()
    console = Console(highlight=False)
    with clear_errors():
        try:
            local.run(seed, seconds, picture, console)
        except (KafkaUnavailable, local.DemoFailed) as error:
            fail(str(error), UNREADABLE)
        except KeyboardInterrupt:
            console.print("ended")
