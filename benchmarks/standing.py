"""Part `recovery`: the memory of a million open promises, and the time a new owner needs to recover them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.figures import megabytes, whole
from benchmarks.load import load
from benchmarks.orders import START, promised
from benchmarks.ours import watch, working
from benchmarks.processes import Failed
from benchmarks.sizes import Sizes
from benchmarks.topics import fresh
from streams.engine.timing import TIMING
from streams.local.kafka_cluster import LocalKafka
from streams.records import KafkaRecord

_DAY = 86_400_000
_GROUP = "bench-standing"


class Ready(NamedTuple):
    """A worker that has just become ready: seconds since it was started, and the memory that it holds."""

    seconds: float
    resident: int
    peak: int


def recovery(sizes: Sizes, scratch: Path) -> Iterator[str]:
    """Run three workers: one with an empty log, one that judges all promises, and one that recovers them."""
    with LocalKafka() as kafka:
        fresh(kafka.bootstrap)
        empty = _start(kafka.bootstrap, scratch)
        asyncio.run(load(kafka.bootstrap, _standing(sizes.open)))
        with working(kafka.bootstrap, scratch, _GROUP) as worker:
            taken = watch(worker, kafka.bootstrap, sizes.open, seconds=240)[-1].applied
        if taken < sizes.open:
            raise Failed(f"the worker took only {taken} of {sizes.open} promises in its time: hold fewer --open")
        full = _start(kafka.bootstrap, scratch)
    yield (
        f"{whole(sizes.open)} open promises, one a case: ready {full.seconds:.1f} s after the start of the process, "
        f"{full.seconds - empty.seconds:.1f} s more than with none; "
        f"{(full.resident - empty.resident) / sizes.open:.0f} bytes each, by the growth of the process; "
        f"{(full.peak - empty.resident) / sizes.open:.0f} at the peak of recovering ({megabytes(full.peak)} MB)"
    )


def _standing(number: int) -> Iterator[KafkaRecord]:
    """So many promises, a millisecond apart, all due the next day."""
    return (promised(each, START + each, START + each + _DAY) for each in range(number))


def _start(bootstrap: str, scratch: Path) -> Ready:
    """A worker until it is ready; killed then, as a crash would, so that the next recovers all.

    Started when Kafka no longer counts in who was killed before: what is measured is the recovery alone.
    """
    time.sleep(TIMING.session_seconds + 1)
    began = time.monotonic()
    with working(bootstrap, scratch, _GROUP) as worker:
        worker.until_ready()
        seconds = time.monotonic() - began
        return Ready(seconds, worker.process.resident_bytes(), worker.process.peak_bytes())
