"""Part `profile`: which functions the worker's time goes to, while it reads the events of the contest."""

from __future__ import annotations

import asyncio
import io
import pstats
import signal
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks.contest import OPEN
from benchmarks.load import load
from benchmarks.orders import orders
from benchmarks.ours import watch, working
from benchmarks.processes import Failed
from benchmarks.sizes import Sizes
from benchmarks.topics import fresh
from streams.local.kafka_cluster import LocalKafka

_HEAVIEST = 30
_STOP_SECONDS = 60


def profile(sizes: Sizes, scratch: Path) -> Iterator[str]:
    """The heaviest functions, by the time inside each; cProfile makes small ones look heavier than they are."""
    events = min(sizes.events, 300_000)
    stats = scratch / "stats"
    profiled = ("-m", "benchmarks.profiled", str(stats))
    with LocalKafka() as kafka:
        fresh(kafka.bootstrap)
        asyncio.run(load(kafka.bootstrap, islice(orders(OPEN), events)))
        with working(kafka.bootstrap, scratch, "bench-profile", before=profiled) as worker:
            watch(worker, kafka.bootstrap, events, seconds=300)
            worker.process.process.send_signal(signal.SIGTERM)
            worker.process.process.wait(_STOP_SECONDS)
    if not stats.exists():
        raise Failed(f"the worker left no profile\n{worker.process.end_of_log()}")
    text = io.StringIO()
    pstats.Stats(str(stats), stream=text).strip_dirs().sort_stats("tottime").print_stats(_HEAVIEST)
    yield text.getvalue().strip()
