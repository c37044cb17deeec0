"""Part `growth`: what an event costs while a thousand, a hundred thousand and a million promises are open."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks.figures import megabytes, table, whole
from benchmarks.load import load
from benchmarks.orders import PROMISED, START, orders
from benchmarks.ours import Span, span, watch, working
from benchmarks.sizes import Sizes
from benchmarks.topics import fresh
from streams.local.kafka_cluster import LocalKafka
from streams.records import KafkaRecord

_LEAST_EVENTS = 100_000


def growth(sizes: Sizes, scratch: Path) -> Iterator[str]:
    """Yield a table: for each number of open promises, the cost of the events that follow, under exactly_once."""
    measured = max(_LEAST_EVENTS, sizes.events * 3 // 10)
    opened = (sizes.open // 1000, sizes.open // 10, sizes.open)
    results = [(open_at_once, *_cost(open_at_once, measured, scratch)) for open_at_once in opened]
    least = results[0][1].cpu_per_million
    rows = [
        (
            whole(open_at_once),
            whole(cost.events),
            whole(cost.rate),
            f"{cost.cpu_per_million:.1f}",
            f"{cost.cpu_per_million / least:.2f}",
            megabytes(peak),
        )
        for open_at_once, cost, peak in results
    ]
    yield table(("open promises", "events", "events/s", "CPU s per million", "of the first", "peak MB"), rows)


def _cost(open_at_once: int, measured: int, scratch: Path) -> tuple[Span, int]:
    """Return the span of `measured` events once `open_at_once` promises are open, and the peak memory in bytes."""
    with LocalKafka() as kafka:
        fresh(kafka.bootstrap)
        opening, written = asyncio.run(_load(kafka.bootstrap, open_at_once, measured))
        with working(kafka.bootstrap, scratch, f"bench-{open_at_once}") as worker:
            samples = watch(worker, kafka.bootstrap, written, seconds=300)
            return span(samples, after=opening), worker.process.peak_bytes()


async def _load(bootstrap: str, open_at_once: int, measured: int) -> tuple[int, int]:
    """Write the events. Return how many open the promises, and how many were written in all."""
    records = orders(open_at_once)
    opening = await load(bootstrap, _until_open(records))
    return opening, opening + await load(bootstrap, islice(records, measured))


def _until_open(records: Iterator[KafkaRecord]) -> Iterator[KafkaRecord]:
    for record in records:
        yield record
        if record.timestamp >= START + PROMISED:
            return
