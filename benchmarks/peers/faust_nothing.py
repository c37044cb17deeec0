"""Stock Faust with an agent that does nothing: arguments are the Kafka and how many events to count."""

from __future__ import annotations

import sys
from typing import Any

import faust

from benchmarks.peers.progress import Progress


def main(bootstrap: str, limit: str) -> None:
    """Read until ended."""
    progress = Progress(int(limit))
    app = faust.App("stock-nothing", broker=f"kafka://{bootstrap}", web_enabled=False)
    topic = app.topic("promise.events")

    @app.agent(topic)
    async def read(events: faust.StreamT[Any]) -> None:
        async for _ in events:
            progress.count()

    faust.Worker(app, loglevel="WARNING", quiet=True, redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    main(*sys.argv[1:])
