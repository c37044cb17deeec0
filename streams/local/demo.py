"""The demo: a Kafka, a worker and a simulated town on this machine, with their rates in the terminal."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.resources import as_file, files
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.live import Live
from rich.text import Text

from streams.kafka.clients import create_topics
from streams.kafka.connection import Connection
from streams.local.child_process import ChildProcess
from streams.local.demo_screen import screen
from streams.local.kafka_cluster import LocalKafka
from streams.local.ports import free_ports
from streams.local.town import MINUTE, ORDERS_PER_MINUTE, town
from streams.local.town_feeds import send_events
from streams.metrics.scrape import Scrape
from streams.wall_clock import wall_clock

# Without Rich's web fonts, which a browser would fetch from another site.
_SVG = re.sub(r"@font-face {{.*?}}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


class DemoFailed(Exception):
    """A part of the demo ended unexpectedly; the message says which, with its last output."""


def run(seed: int, seconds: float | None, picture: Path | None, console: Console) -> None:
    """Run the demo until it is interrupted, or for this many seconds.

    picture: a file for an SVG of the last screen. Raises DemoFailed and KafkaUnavailable.
    """
    with ExitStack() as parts:
        console.print("starting Apache Kafka; the first start downloads it, which takes half a minute")
        kafka = parts.enter_context(LocalKafka())
        create_topics(Connection(kafka.bootstrap), partitions=4, replication=1)
        url, worker, log = parts.enter_context(_worker(kafka.bootstrap))
        parts.enter_context(_town(kafka.bootstrap, seed))
        try:
            _watch(url, worker, log, seconds, console)
        finally:
            if picture is not None and worker.exit_code is None:
                _write_picture(picture, Scrape.of(url), url)


@contextmanager
def _worker(bootstrap: str) -> Iterator[tuple[str, ChildProcess, Path]]:
    """Run a worker with the town's policies; provide the URL of its metrics, its process and its log."""
    address = f"127.0.0.1:{free_ports(1)[0]}"
    with ExitStack() as resources:
        policies = resources.enter_context(as_file(files("streams.local") / "town-policies.toml"))
        log = Path(resources.enter_context(TemporaryDirectory(prefix="promises-demo-"))) / "worker.log"
        command = [sys.executable, "-m", "streams.cli", "worker", "--bootstrap", bootstrap]
        worker = ChildProcess(
            [*command, "--policies", str(policies), "--metrics", address], log=log, scratch=log.parent
        )
        try:
            yield f"http://{address}/metrics", worker, log
        finally:
            worker.end()
            worker.wait()


@contextmanager
def _town(bootstrap: str, seed: int) -> Iterator[None]:
    """Send the town's events from a thread."""
    stopped = threading.Event()
    events = town(seed, wall_clock(), minute=MINUTE, orders_per_minute=ORDERS_PER_MINUTE)
    thread = threading.Thread(target=send_events, args=(Connection(bootstrap), events, stopped.wait), name="town")
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _watch(url: str, worker: ChildProcess, log: Path, seconds: float | None, console: Console) -> None:
    """Show the screen, and refresh it every second. Raises DemoFailed if the worker ends."""
    deadline = time.monotonic() + seconds if seconds is not None else float("inf")
    with Live(Text("starting a worker"), console=console, refresh_per_second=4, screen=False) as live:
        while time.monotonic() < deadline:
            if worker.exit_code is not None:
                raise DemoFailed(f"the worker ended with exit code {worker.exit_code}: {log.read_text()[-2000:]}")
            try:
                live.update(screen(Scrape.of(url), url))
            except OSError:
                live.update(Text("starting a worker"))
            time.sleep(1)


def _write_picture(picture: Path, scrape: Scrape, url: str) -> None:
    console = Console(record=True, width=100, file=StringIO(), highlight=False)
    console.print(screen(scrape, url))
    picture.write_text(console.export_svg(title="promises demo", code_format=_SVG), "utf-8")
