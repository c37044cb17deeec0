"""aiokafka alone: reads bytes and throws them away; arguments are the Kafka and how many events to count."""

from __future__ import annotations

import asyncio
import sys

from aiokafka import AIOKafkaConsumer

from benchmarks.peers.progress import Progress


async def read(bootstrap: str, limit: int) -> None:
    """Read until ended."""
    progress = Progress(limit)
    consumer = AIOKafkaConsumer(
        "promise.events", bootstrap_servers=bootstrap, group_id="bare", auto_offset_reset="earliest"
    )
    async with consumer:
        while True:
            for records in (await consumer.getmany(timeout_ms=200, max_records=5_000)).values():
                progress.count(len(records))


if __name__ == "__main__":
    asyncio.run(read(sys.argv[1], int(sys.argv[2])))
