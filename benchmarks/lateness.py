"""Part `deadlines`: how long after due + grace a broken verdict can be read, on a live clock, while events flow.

The orders are those of the contest, sixty times as fast, so that their dues pass while we watch; their events reach
Kafka at the instant at which they occur. One order in five is late: when its due + grace passes, nothing has come.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import islice, takewhile
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from benchmarks.figures import quantile, whole
from benchmarks.load import PARTITIONS, Batches
from benchmarks.orders import GRACE, PROMISED, orders
from benchmarks.ours import working
from benchmarks.processes import Failed
from benchmarks.sizes import Sizes
from benchmarks.topics import fresh
from schemas.instants import Instant, from_datetime
from schemas.verdicts import VerdictRecord
from streams.kafka.topics import VERDICTS
from streams.local.kafka_cluster import LocalKafka
from streams.records import KafkaRecord
from streams.wall_clock import wall_clock

HASTE = 60
RATE = 10_000
"""Events a second once all orders are under way."""

FLOW_SECONDS = 50.0
SETTLED_SECONDS = 30.0
"""From here on, as many promises fall due as are made; only these deadlines are counted."""

REST_SECONDS = 10.0
"""How long to wait for verdicts after the last event: otherwise a worker that lags would look punctual."""

_SLICE_SECONDS = 0.005


class Seen(NamedTuple):
    """A missed deadline. at: due + grace. after: milliseconds until its verdict could be read."""

    at: Instant
    after: int


def deadlines(_: Sizes, scratch: Path) -> Iterator[str]:
    """Quantiles of the lateness of deadlines, under exactly_once."""
    with LocalKafka() as kafka:
        fresh(kafka.bootstrap)
        with working(kafka.bootstrap, scratch, "bench-live", clock="live", haste=HASTE) as worker:
            worker.until_ready()
            began = worker.process.cpu_seconds()
            rate, seen = asyncio.run(_measure(kafka.bootstrap))
            worker.process.check("deadlines")
            share = (worker.process.cpu_seconds() - began) / FLOW_SECONDS
            commits = worker.commits()
    yield _line(rate, seen, f"{share:.0%} of a core; {commits}")


def _line(rate: float, seen: list[Seen], further: str) -> str:
    if not seen:
        raise Failed(f"at {rate:.0f} events/s no promise was called broken within {REST_SECONDS:.0f} s after the flow")
    after = [one.after for one in seen]
    p50, p99, most = (quantile(after, share) for share in (0.5, 0.99, 1))
    return (
        f"{whole(rate)} events/s; of {whole(len(seen))} deadlines the broken verdict could be read p50 {p50} ms, "
        f"p99 {p99} ms, at most {most} ms after due + grace; {further}"
    )


async def _measure(bootstrap: str) -> tuple[float, list[Seen]]:
    """Return events per second and the deadlines, both of the steady state: as many promises fall due as are made."""
    start = wall_clock() + _making()
    settled, end = (start + int(seconds * 1000) for seconds in (SETTLED_SECONDS, FLOW_SECONDS))
    flow = _flow(start, end)
    gc.freeze()  # else collections would walk through half a million records while we look at milliseconds
    if wall_clock() > start:
        raise Failed(f"the events were not made in time: {wall_clock() - start} ms late; this machine is too busy")
    async with _verdicts(bootstrap) as consumer, AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        reading = asyncio.create_task(_read(consumer, end + int(REST_SECONDS * 1000)))
        await _write(Batches(producer), flow)
        seen = await reading
    gc.unfreeze()
    counted = sum(record.timestamp >= settled for record in flow)
    return counted / (FLOW_SECONDS - SETTLED_SECONDS), [one for one in seen if settled <= one.at < end]


def _making() -> int:
    """Return an upper bound of the milliseconds that generating the flow takes, extrapolated from a small part."""
    part, began = 20_000, time.monotonic()
    deque(islice(orders(1_000), part), maxlen=0)
    return int(2500 * (time.monotonic() - began) * FLOW_SECONDS * RATE / part) + 2_000


def _flow(start: Instant, end: Instant) -> list[KafkaRecord]:
    open_at_once = RATE // 4 * PROMISED // HASTE // 1000
    return list(takewhile(lambda record: record.timestamp < end, orders(open_at_once, start=start, haste=HASTE)))


async def _write(batches: Batches, flow: list[KafkaRecord]) -> None:
    """Write each record at its own time, in slices of a few milliseconds."""
    for record in flow:
        while record.timestamp > wall_clock():
            await batches.flush()
            await asyncio.sleep(_SLICE_SECONDS)
        await batches.add(record)
    await batches.flush()


@asynccontextmanager
async def _verdicts(bootstrap: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed", fetch_max_wait_ms=20)
    consumer.assign([TopicPartition(VERDICTS.name, number) for number in range(PARTITIONS)])
    async with consumer:
        await consumer.seek_to_end()
        yield consumer


async def _read(consumer: AIOKafkaConsumer, until: Instant) -> list[Seen]:
    """Return the deadlines of the undelivered promises, each with the time at which the verdict could be read."""
    decode = msgspec.json.Decoder(VerdictRecord).decode
    seen: list[Seen] = []
    while wall_clock() < until:
        fetched: dict[Any, list[Any]] = await consumer.getmany(timeout_ms=20)
        now = wall_clock()
        for verdict in (decode(record.value) for records in fetched.values() for record in records):
            if verdict.current.reason == "undelivered":
                at = from_datetime(verdict.current.due) + GRACE // HASTE
                seen.append(Seen(at, now - at))
    return seen
