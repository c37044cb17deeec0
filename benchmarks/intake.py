"""Part `intake`: how fast a feed's records become events in promise.events, each exactly once."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Final, NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

import msgspec
from aiokafka import AIOKafkaProducer

from benchmarks.figures import table, whole
from benchmarks.processes import Failed, Measured, running
from benchmarks.sizes import Sizes
from streams.local.kafka_cluster import LocalKafka
from streams.local.ports import free_ports
from streams.metrics.scrape import Scrape
from tests.cli.command import promises
from tests.day.orders import Order, Vendor, day, truth
from tests.day.webhooks import fetched, webhooks

_ORDERS: Final = 600
_WITHIN: Final = 300.0
_LOOK_SECONDS: Final = 0.2

_Sent = tuple[bytes, list[tuple[str, bytes]]]


class _Job(NamedTuple):
    """A job to measure. adapter: its name. sent: distinct records, sent repeatedly. records: the number sent in all."""

    what: str
    adapter: str
    sent: Sequence[_Sent]
    records: int


class _Ran(NamedTuple):
    """The result, counted from the first poll at which a record had been adapted."""

    seconds: float
    cpu: float
    records: float
    events: float


def intake(sizes: Sizes, scratch: Path) -> Iterator[str]:
    """Measure one intake process with four partitions. All records are written before it starts."""
    orders = day(1, 1_772_800_000_000, 60_000, _ORDERS)
    jobs = [
        _Job("canonical events, as they are", "generic", _canonical(orders), min(sizes.events, 100_000)),
        _Job("Square, orders as fetched", "square", _square(orders), min(sizes.events, 20_000)),
        _Job("Shopify, webhooks", "shopify", _shopify(orders), min(sizes.events, 20_000)),
    ]
    rows = []
    with LocalKafka() as kafka:
        for job in jobs:
            ran = _measured(job, kafka.bootstrap, scratch)
            size = sum(len(body) for body, _ in job.sent) / len(job.sent)
            rate, made = ran.records / ran.seconds, ran.events / ran.records
            cpu = f"{1000 * ran.cpu / ran.records:.2f}"
            rows.append((job.what, whole(size), f"{made:.1f}", whole(rate), whole(rate * made), cpu))
    head = ("one process", "bytes", "events each", "records/s", "events/s", "CPU ms a record")
    yield table(head, rows)


def _canonical(orders: Sequence[Order]) -> list[_Sent]:
    return [(msgspec.json.encode(event), []) for order in orders for event in truth(order)]


def _of(orders: Sequence[Order], vendor: Vendor) -> list[Order]:
    return [order for order in orders if order.vendor == vendor]


def _square(orders: Sequence[Order]) -> list[_Sent]:
    versions = [(order, version) for order in _of(orders, "square") for version, _ in enumerate(order.changes, 1)]
    return [(fetched(order, version), []) for order, version in versions]


def _shopify(orders: Sequence[Order]) -> list[_Sent]:
    sent = [webhook for order in _of(orders, "shopify") for webhook in webhooks(order)]
    return [(one.body, [(name, value.encode()) for name, value in one.headers.items()]) for one in sent]


def _measured(job: _Job, bootstrap: str, scratch: Path) -> _Ran:
    feeds = scratch / f"{job.adapter}.toml"
    feeds.write_text(f'[[feed]]\nname = "{job.adapter}"\nadapter = "{job.adapter}"\n', "utf-8")
    made = promises("topics", "--bootstrap", bootstrap, "--feeds", feeds, "--partitions", "4")
    if made.code:
        raise Failed(f"topics: {made.err}")
    asyncio.run(_send(bootstrap, f"feeds.{job.adapter}", islice(cycle(job.sent), job.records)))
    metrics = f"127.0.0.1:{free_ports(1)[0]}"
    options = ("--bootstrap", bootstrap, "--feeds", str(feeds), "--metrics", metrics, "--group", f"bench-{job.adapter}")
    with running([sys.executable, "-m", "streams.cli", "intake", *options], scratch / "intake.log") as process:
        return _watched(process, metrics, job.records)


async def _send(bootstrap: str, topic: str, sent: Iterator[_Sent]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=20) as producer:
        for number, (body, headers) in enumerate(sent):
            await producer.send(topic, body, partition=number % 4, headers=headers)


def _watched(process: Measured, metrics: str, records: int) -> _Ran:
    until, begun = time.monotonic() + _WITHIN, None
    while time.monotonic() < until:
        process.check("intake")
        page = _page(metrics)
        done, events = page.sum("promises_intake_records_total"), page.sum("promises_intake_events_total")
        now = (time.monotonic(), process.cpu_seconds(), done, events)
        if done and begun is None:
            begun = now
        if begun and done >= records:
            return _Ran(*(after - before for after, before in zip(now, begun, strict=True)))
        time.sleep(_LOOK_SECONDS)
    raise Failed(f"intake did not take {records} records within {_WITHIN:.0f} s\n{process.end_of_log()}")


def _page(metrics: str) -> Scrape:
    try:
        with urlopen(f"http://{metrics}/metrics", timeout=30) as page:
            return Scrape(page.read().decode())
    except (URLError, ConnectionError):
        return Scrape("")
