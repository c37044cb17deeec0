"""The worker, put together: a Faust app whose one agent feeds the books, and the thread that serves /metrics."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Mapping
from tempfile import TemporaryDirectory
from typing import Any

import faust
from aiokafka.errors import KafkaError
from faust.types import TP

from schemas.instants import Instant
from streams.agents.outbox import Outbox
from streams.agents.tracker import Tracker
from streams.metrics.collector import SnapshotCollector
from streams.metrics.server import served
from streams.settings import Settings
from streams.topics import EVENTS
from streams.transport import ChunkSchema, Reading, install

log = logging.getLogger("promises")

TICK_SECONDS = 0.1
"""How often the clock is looked at: a deadline is found at most this much after it passed."""

EXPOSE_SECONDS = 0.25
"""How old what /metrics shows may be."""

FAILED = 70
"""Exit code for what cannot go on; whoever supervises the process starts it again (EX_SOFTWARE of sysexits.h)."""


def run(settings: Settings) -> None:
    """Work until the process is told to end. Raises AddressTaken."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until Faust listens to it
    collector = SnapshotCollector()
    with served(collector, settings.metrics) as url, TemporaryDirectory(prefix="promises-") as scratch:
        log.info("judging %s on %s, clock %s; %s", EVENTS.name, settings.connection.bootstrap, settings.clock, url)
        app = build(settings, collector, scratch)
        worker = faust.Worker(app, loglevel="WARNING", quiet=True, redirect_stdouts=False)
        worker.spinner = None  # writes control characters into logs
        worker.execute_from_commandline()


def build(settings: Settings, collector: SnapshotCollector, scratch: str) -> faust.App:
    """The app of one worker; Faust puts files of its own into `scratch`."""
    app = _app(settings, scratch)
    outbox = Outbox(settings.connection)
    tracker = Tracker(settings.policies, settings.clock, outbox, wall)

    async def opened(committed: Mapping[TP, int | None]) -> None:
        if not outbox.started:
            await app.add_runtime_dependency(outbox)
        tracker.open(committed)

    _wire(app, tracker, install(app, tracker.shelf, opened), collector)
    return app


def wall() -> Instant:
    """The wall clock."""
    return time.time_ns() // 1_000_000


def _app(settings: Settings, scratch: str) -> faust.App:
    return faust.App(
        settings.group,
        datadir=scratch,
        **settings.connection.for_faust(),
        canonical_url=f"http://worker-{os.getpid()}.invalid",  # tells workers apart; nothing is served there
        web_enabled=False,
        topic_disable_leader=True,  # Faust would make a topic of its own to elect a leader that nobody needs
        table_standby_replicas=0,
        stream_buffer_maxsize=8,  # chunks, not records: enough to keep the agent busy
        stream_wait_empty=True,
        broker_max_poll_records=5_000,
        broker_commit_interval=0.5,
        broker_session_timeout=10,  # after a crash, others take over within this time
        broker_rebalance_timeout=10,
        broker_heartbeat_interval=1,
        broker_request_timeout=30,
    )


def _wire(app: faust.App, tracker: Tracker, reading: Reading, collector: SnapshotCollector) -> None:
    async def track(chunks: Any) -> None:
        async for chunk in chunks:
            await _or_end(tracker.feed(chunk, reading))

    async def tick() -> None:
        await _or_end(tracker.tick(reading))

    async def expose() -> None:
        collector.snapshot = tracker.snapshot()

    async def revoked(*_: Any, **__: Any) -> None:
        tracker.close()
        collector.snapshot = tracker.snapshot()

    app.agent(app.topic(EVENTS.name, schema=ChunkSchema()))(track)
    app.timer(TICK_SECONDS)(tick)
    app.timer(EXPOSE_SECONDS)(expose)
    app.on_partitions_revoked.connect(revoked, weak=False)


async def _or_end(work: Awaitable[None]) -> None:
    """Do `work`, or end the process: a worker whose books are ahead of what it has said must not go on."""
    try:
        await work
    except Exception as error:
        is_ours = not isinstance(error, KafkaError)
        log.critical("ending, so that a new start makes the books again: %r", error, exc_info=is_ours)
        logging.shutdown()
        os._exit(FAILED)
