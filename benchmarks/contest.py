"""Part `contest`: our worker and others on one topic of one Kafka, one process each, one after the other."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from benchmarks.figures import megabytes, table, whole
from benchmarks.load import load
from benchmarks.orders import orders
from benchmarks.ours import Span, span, watch, working
from benchmarks.processes import ROOT, Failed, Measured, running
from benchmarks.sizes import Sizes
from benchmarks.topics import fresh
from streams.local.kafka_cluster import LocalKafka
from streams.worker.settings import Processing

OPEN = 50_000
SECONDS = 150
"""The time limit for each system. A system that needs longer has fewer events in the table."""

QUIX = ROOT / ".venv-bench" / "bin" / "python"

LEFT_OUT = """\
Our runs end when the last verdict is readable under read_committed; the others' when the last event was handled, which
for stock Faust and Quix Streams is before it is written and committed. Quix Streams does no deadlines, duplicates, late
events, alerts, windows or staff, and its counts are in memory only. The CPU time of the broker is not counted."""


class Progress(NamedTuple):
    """One line of a peer, as benchmarks.peers.progress writes it."""

    events: int
    at: float
    cpu: float


class Result(NamedTuple):
    """The result of a contestant. remarks: figures of its own, shown below the table."""

    name: str
    span: Span
    peak: int
    remarks: str = ""


def contest(sizes: Sizes, scratch: Path) -> Iterator[str]:
    """Yield the table and the times of our commits. Raises Failed if ours fails; other failures are reported."""
    with LocalKafka() as kafka:
        fresh(kafka.bootstrap)
        began = time.monotonic()
        written = asyncio.run(load(kafka.bootstrap, islice(orders(OPEN), sizes.events)))
        took = time.monotonic() - began
        yield f"{whole(written)} events written in {took:.0f} s, {whole(OPEN)} orders open at once\n"
        results, skipped = _all(kafka.bootstrap, sizes, scratch)
    yield _table(results)
    yield "\n" + "\n".join([*(result.remarks for result in results if result.remarks), *skipped, LEFT_OUT])


def _all(bootstrap: str, sizes: Sizes, scratch: Path) -> tuple[list[Result], list[str]]:
    results, skipped = [], []
    for name, run in _contestants(bootstrap, sizes, scratch):
        print(f"... {name}", file=sys.stderr, flush=True)
        try:
            results.append(run(name))
        except Failed as failed:
            if not results:
                raise  # ours, with which the others are compared
            skipped.append(f"Skipped: {name}: {failed}")
    return results, skipped


def _contestants(bootstrap: str, sizes: Sizes, scratch: Path) -> Iterator[tuple[str, Callable[[str], Result]]]:
    guarantees: tuple[Processing, ...] = ("exactly_once", "at_least_once")
    for processing in guarantees:
        yield f"promises, {processing}", partial(_ours, bootstrap, sizes.events, scratch, processing)
    for guarantee in ("exactly-once", "at-least-once"):
        command = ["-m", "benchmarks.peers.quix", bootstrap, str(sizes.quix), guarantee, str(scratch / guarantee)]
        yield f"Quix Streams, {guarantee}", partial(_quix, command, sizes.quix, scratch)
    for name, module, events in (
        ("stock Faust, one table write", "faust_table", sizes.faust_table),
        ("stock Faust, nothing", "faust_nothing", sizes.faust_nothing),
        ("aiokafka getmany, bytes only", "bare", sizes.events),
    ):
        command = ["-m", f"benchmarks.peers.{module}", bootstrap, str(events)]
        yield name, partial(_peer, [sys.executable, *command], events, scratch)


def _ours(bootstrap: str, events: int, scratch: Path, processing: Processing, name: str) -> Result:
    fresh(bootstrap)
    with working(bootstrap, scratch, f"bench-{processing}", processing=processing) as worker:
        samples = watch(worker, bootstrap, events, SECONDS)
        peak = worker.process.peak_bytes()
        return Result(name, span(samples), peak, f"{name}: {worker.commits()}")


def _quix(command: list[str], events: int, scratch: Path, name: str) -> Result:
    if not QUIX.exists():
        raise Failed("it is not in .venv-bench, where `make bench` installs it, or says why it cannot")
    return _peer([str(QUIX), *command], events, scratch, name)


def _peer(command: list[str], events: int, scratch: Path, name: str) -> Result:
    """Run a peer to the end or to the time limit, and return what it had handled by then."""
    output = scratch / f"{name}.out"
    with running(command, scratch / f"{name}.log", output=output) as process:
        deadline = time.monotonic() + SECONDS
        while _handled(output) < events and time.monotonic() < deadline:
            process.check(name)
            time.sleep(0.1)
        return Result(name, _span(_progress(output), process), process.peak_bytes())


def _handled(output: Path) -> int:
    progress = _progress(output)
    return progress[-1].events if progress else 0


def _span(progress: list[Progress], process: Measured) -> Span:
    if len(progress) < 2:
        raise Failed(f"it handled nothing within {SECONDS} s\n{process.end_of_log()}")
    first, last = progress[0], progress[-1]
    return Span(last.events - first.events, last.at - first.at, last.cpu - first.cpu)


def _progress(output: Path) -> list[Progress]:
    """Return the progress lines in `output`, complete ones only. Faust writes control characters between them."""
    return [Progress(**json.loads(line)) for line in re.findall(r'(\{"events".*\})\n', output.read_text())]


def _table(results: list[Result]) -> str:
    """All results, and how they compare with the first."""
    head = ("", "events", "events/s", "of ours", "CPU s per million", "of ours", "peak MB")
    ours = results[0].span
    rows = [
        (
            result.name,
            whole(result.span.events),
            whole(result.span.rate),
            f"{result.span.rate / ours.rate:.2f}",
            f"{result.span.cpu_per_million:.1f}",
            f"{result.span.cpu_per_million / ours.cpu_per_million:.2f}",
            megabytes(result.peak),
        )
        for result in results
    ]
    return table(head, rows)
