"""Our worker as a measured process. Its progress is read from Kafka, not from the worker's own metrics."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

from kafka import KafkaConsumer, TopicPartition

from benchmarks.figures import bucket_quantile, whole
from benchmarks.load import PARTITIONS
from benchmarks.orders import policies_text
from benchmarks.processes import Failed, Measured, running
from streams.kafka.topics import EVENTS, VERDICTS
from streams.local.ports import free_ports
from streams.metrics.scrape import Scrape
from streams.worker.settings import ClockMode, Processing

COMMITS = "promises_commit_seconds"
POLL_SECONDS = 0.1


class Sample(NamedTuple):
    """A sample of the progress. at: seconds, monotonic. applied: events, by the group's committed offsets.

    verdicts: committed records of promise.verdicts, of all workers so far.
    """

    at: float
    cpu: float
    applied: int
    verdicts: int


class Span(NamedTuple):
    """The progress of the worker between two samples."""

    events: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds

    @property
    def cpu_per_million(self) -> float:
        """CPU seconds per million events."""
        return self.cpu / self.events * 1e6


class Worker(NamedTuple):
    """A running worker."""

    process: Measured
    url: str
    group: str

    def until_ready(self, seconds: float = 120) -> Scrape:
        """Return the first page of metrics of a ready worker. Raises Failed."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.process.check("waiting for a worker to be ready")
            page = self.page()
            if page.sum("promises_ready") == 1:
                return page
            time.sleep(POLL_SECONDS)
        raise Failed(f"the worker was not ready within {seconds:.0f} s\n{self.process.end_of_log()}")

    def page(self) -> Scrape:
        """Return the page of metrics without the series of locations and staff, which would take seconds to parse."""
        try:
            with urlopen(self.url, timeout=30) as answer:
                text = answer.read().decode()
        except OSError:
            return Scrape("")
        lines = (line for line in text.splitlines() if 'location="' not in line and not line.startswith("#"))
        return Scrape("\n".join(lines) + "\n")

    def commits(self) -> str:
        """Return p50 and p99 of the commit durations so far, from the buckets of the histogram."""
        buckets = {float(bound): count for (bound,), count in self.page().by(f"{COMMITS}_bucket", "le").items()}
        if not buckets:
            return "it does not say how long commits take"
        p50, p99 = (bucket_quantile(buckets, share) * 1000 for share in (0.5, 0.99))
        return f"{whole(max(buckets.values()))} commits, p50 {p50:.1f} ms, p99 {p99:.1f} ms"


@contextmanager
def working(
    bootstrap: str,
    scratch: Path,
    group: str,
    *,
    processing: Processing = "exactly_once",
    clock: ClockMode = "stream",
    haste: int = 1,
    before: Sequence[str] = ("-m", "streams.cli"),
) -> Iterator[Worker]:
    """Run a worker of `group`; kill it at the end of the block. before: the arguments of Python before the command."""
    policies = scratch / f"policies-{haste}.toml"
    policies.write_text(policies_text(haste))
    address = f"127.0.0.1:{free_ports(1)[0]}"
    options = {"bootstrap": bootstrap, "metrics": address, "clock": clock, "policies": policies, "group": group}
    arguments = [f"--{name}={value}" for name, value in (options | {"processing": processing}).items()]
    with running([sys.executable, *before, "worker", *arguments], scratch / f"{group}.log") as process:
        yield Worker(process, f"http://{address}/metrics", group)


def watch(worker: Worker, bootstrap: str, events: int, seconds: float) -> list[Sample]:
    """Return samples until `events` are applied or time is up. The last sample is the first one with all verdicts.

    Raises Failed when the worker ends.
    """
    deadline = time.monotonic() + seconds
    samples = [Sample(time.monotonic(), 0, 0, 0)]
    with closing(_consumer(bootstrap, worker.group)) as consumer:
        while samples[-1].applied < events and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            worker.process.check(f"{worker.group} after {samples[-1].applied} events")
            samples.append(_sample(worker, consumer))
    last = samples[-1]
    quiet = next(number for number, sample in enumerate(samples) if sample.verdicts == last.verdicts)
    return [*samples[:quiet], samples[quiet]._replace(applied=last.applied)] if last.verdicts else samples


def span(samples: Sequence[Sample], *, after: int = 0) -> Span:
    """From the first sample with more than `after` events applied to the last.

    The group's offsets are committed twice a second: a short run may show nothing between none and all. Raises Failed.
    """
    last = samples[-1]
    first = next((sample for sample in samples if sample.applied > after), last)
    if last.at - first.at < 1 or last.applied == first.applied:
        raise Failed(f"there is nothing to measure between {first.applied} and {last.applied} events: take more events")
    return Span(last.applied - first.applied, last.at - first.at, last.cpu - first.cpu)


def _sample(worker: Worker, consumer: KafkaConsumer) -> Sample:
    verdicts = [TopicPartition(VERDICTS.name, number) for number in range(PARTITIONS)]
    applied = sum(consumer.committed(TopicPartition(EVENTS.name, number)) or 0 for number in range(PARTITIONS))
    count = sum(consumer.end_offsets(verdicts).values())
    return Sample(time.monotonic(), worker.process.cpu_seconds(), applied, count)


def _consumer(bootstrap: str, group: str) -> KafkaConsumer:
    """Return a consumer that only asks for offsets; it never joins the group."""
    return KafkaConsumer(
        bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False, isolation_level="read_committed"
    )
