"""Part `scrape`: the cost of a scrape with 2 000 staff members at 50 locations, and how long it blocks the loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

import msgspec

from benchmarks.figures import megabytes, quantile, whole
from benchmarks.load import load
from benchmarks.orders import START
from benchmarks.ours import Worker, watch, working
from benchmarks.processes import Failed
from benchmarks.sizes import Sizes
from benchmarks.topics import fresh
from schemas.events import PromisesMade, PromiseTerms, Staff, StepReached
from schemas.instants import to_datetime
from streams.local.kafka_cluster import LocalKafka
from streams.records import KafkaRecord

LOCATIONS: Final = 50
STAFF: Final = 40
"""At each location."""

_GROUP: Final = "bench-scrape"
_SECONDS: Final = 20


def scrape(sizes: Sizes, scratch: Path) -> Iterator[str]:
    """Measure a worker that has judged one promise of each staff member: first without, then with a scrape a second."""
    stalls = scratch / "stalls"
    stalls.touch()
    with LocalKafka() as kafka:
        fresh(kafka.bootstrap)
        events = asyncio.run(load(kafka.bootstrap, _everybody()))
        before = ("-m", "benchmarks.stalled", str(stalls))
        with working(kafka.bootstrap, scratch, _GROUP, before=before) as worker:
            watch(worker, kafka.bootstrap, events, seconds=60)
            worker.until_ready()
            alone = _longest_stalls(stalls)
            took, size, series = _asked(worker)
            asked = _longest_stalls(stalls, seconds=0)
    yield (
        f"{whole(series)} series, {megabytes(size)} MB a page: answered in p50 {quantile(took, 0.5) * 1000:.0f} ms, at "
        f"most {max(took) * 1000:.0f} ms; in a second with a scrape the event loop was kept waiting p50 "
        f"{quantile(asked, 0.5):.0f} ms, at most {max(asked):.0f} ms; without p50 {quantile(alone, 0.5):.0f} ms, "
        f"at most {max(alone):.0f} ms"
    )


def _everybody() -> Iterator[KafkaRecord]:
    """A promise of every staff member of every location, made and kept."""
    for number in range(LOCATIONS * STAFF):
        at = START + number
        envelope: dict[str, Any] = {
            "case": f"order-{number}",
            "location": f"shop-{number % LOCATIONS}",
            "staff": Staff(id=f"s-{number}"),
            "occurred_at": to_datetime(at),
        }
        terms = PromiseTerms(kind="ready", due=to_datetime(at + 60_000))
        for event in (
            PromisesMade(id="made", promises=[terms], **envelope),
            StepReached(id="ready", step="ready", **envelope | {"occurred_at": to_datetime(at + 1)}),
        ):
            yield KafkaRecord(at, event.case.encode(), msgspec.json.encode(event))


def _asked(worker: Worker) -> tuple[list[float], int, int]:
    """Seconds of each scrape, bytes and series of the page; asked each second for a while."""
    took: list[float] = []
    body = b""
    for _ in range(_SECONDS):
        began = time.monotonic()
        with urlopen(worker.url, timeout=30) as answer:
            body = answer.read()
        took.append(time.monotonic() - began)
        time.sleep(max(0.0, began + 1 - time.monotonic()))
    series = sum(1 for line in body.splitlines() if not line.startswith(b"#"))
    return took, len(body), series


def _longest_stalls(found: Path, seconds: int = _SECONDS) -> list[float]:
    """By second, for how long the event loop was kept waiting, over the next seconds or since last asked."""
    if seconds:
        found.write_text("")
        time.sleep(seconds)
    stalls = [float(line) for line in found.read_text().split()]
    found.write_text("")
    if not stalls:
        raise Failed("the event loop of the worker did not look at itself")
    return stalls
