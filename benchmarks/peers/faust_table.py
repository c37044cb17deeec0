"""Stock Faust with one table write an event: arguments are the Kafka and how many events to count."""

from __future__ import annotations

import sys
from typing import Any

import faust

from benchmarks.peers.progress import Progress


def main(bootstrap: str, limit: str) -> None:
    """Count the events of each order until ended."""
    progress = Progress(int(limit))
    app = faust.App("stock-table", broker=f"kafka://{bootstrap}", web_enabled=False, topic_partitions=4)
    topic = app.topic("promise.events")
    counts = app.Table("counts", default=int)

    @app.agent(topic)
    async def count(events: faust.StreamT[Any]) -> None:
        async for event in events:
            counts[event["case"]] += 1
            progress.count()

    faust.Worker(app, loglevel="WARNING", quiet=True, redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    main(*sys.argv[1:])
