"""The worker, put together: a Faust app whose one agent feeds the books, and the thread that serves /metrics."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import Any, cast

import faust
from aiokafka.errors import KafkaError
from faust.types import TP

from streams import timing
from streams.agents.shelf import Hopeless, Shelf
from streams.agents.tracker import Tracker
from streams.book.codec import UnknownPolicy
from streams.ledger.opening import Opener, WrongLog
from streams.ledger.writer import RecordTooLarge
from streams.metrics.collector import SnapshotCollector
from streams.metrics.heartbeat import Heartbeat
from streams.metrics.server import served
from streams.settings import Settings, client_id
from streams.topics import EVENTS
from streams.transport import ChunkConsumer, ChunkSchema, Reading, install
from streams.wall import wall_clock

log = logging.getLogger("promises")

FAILED = 70
"""Exit code for what cannot go on; whoever supervises the process starts it again (EX_SOFTWARE of sysexits.h)."""


def run(settings: Settings) -> None:
    """Work until the process is told to end. Raises AddressTaken."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until Faust listens to it
    sys.setswitchinterval(timing.SWITCH_SECONDS)
    collector = SnapshotCollector()
    with (
        served(collector, settings.metrics, settings.group) as address,
        TemporaryDirectory(prefix="promises-") as scratch,
    ):
        log.info(
            "judging %s on %s, clock %s, %s; http://%s/metrics",
            EVENTS.name,
            settings.connection.bootstrap,
            settings.clock,
            settings.processing,
            address,
        )
        app = build(replace(settings, metrics=address), collector, scratch)
        # The log is set up already, in the form asked for.
        worker = faust.Worker(app, Heartbeat(collector), quiet=True, override_logging=False)
        worker.spinner = None  # writes control characters into logs
        worker.execute_from_commandline()


class Group:
    """The consumer group as this worker is a member of it."""

    def __init__(self, app: faust.App) -> None:
        self._app = app
        self.reading: Reading

    async def still_owns(self, tp: TP, offset: int) -> bool:
        """Whether the group takes a commit of `offset` from this worker: then no other owns `tp`."""
        return await cast(ChunkConsumer, self._app.consumer).still_owns(tp, offset)

    def reread(self, tp: TP) -> None:
        """Read `tp` from its ledger's position on."""
        self.reading.reread(tp)


def build(settings: Settings, collector: SnapshotCollector, scratch: str) -> faust.App:
    """The app of one worker; Faust puts files of its own into `scratch`."""
    app = _app(settings, scratch)
    opener = Opener(
        settings.connection.for_aiokafka(), settings.policies, settings.is_exact, settings.retention, settings.feeds
    )
    group = Group(app)
    shelf = Shelf(opener, group, end)

    async def opened(committed: Mapping[TP, int | None]) -> None:
        with _or_end():
            await shelf.own(committed, app.consumer_generation_id)

    group.reading = install(app, shelf, opened, end)
    _wire(app, Tracker(shelf, settings.clock, wall_clock), group.reading, collector)
    return app


def _app(settings: Settings, scratch: str) -> faust.App:
    return faust.App(
        settings.group,
        datadir=scratch,
        **settings.connection.for_faust(),
        broker_client_id=client_id(settings.metrics),
        canonical_url=f"http://worker-{os.getpid()}.invalid",  # tells workers apart; nothing is served there
        web_enabled=False,
        topic_disable_leader=True,  # Faust would make a topic of its own to elect a leader that nobody needs
        table_standby_replicas=0,
        stream_buffer_maxsize=8,  # chunks, not records: enough to keep the agent busy
        stream_wait_empty=True,
        consumer_group_instance_id=settings.instance,
        broker_max_poll_records=5_000,
        broker_commit_interval=0.5,  # for lag monitors only: the changelog says where a book continues
        broker_session_timeout=timing.SESSION_SECONDS,
        broker_rebalance_timeout=timing.REBALANCE_SECONDS,
        broker_heartbeat_interval=timing.HEARTBEAT_SECONDS,
        broker_request_timeout=30,
    )


def _wire(app: faust.App, tracker: Tracker, reading: Reading, collector: SnapshotCollector) -> None:
    async def track(chunks: Any) -> None:
        async for chunk in chunks:
            with _or_end():
                await tracker.feed(chunk, reading)

    async def tick() -> None:
        with _or_end():
            tracker.tick(reading)

    async def expose() -> None:
        collector.snapshot = tracker.snapshot()

    async def revoked(*_: Any, **__: Any) -> None:
        giving_up = asyncio.ensure_future(tracker.shelf.give_up())
        await asyncio.sleep(0)
        collector.snapshot = tracker.snapshot()
        await giving_up

    async def stopping(*_: Any, **__: Any) -> None:
        await tracker.shelf.close()

    app.agent(app.topic(EVENTS.name, schema=ChunkSchema()))(track)
    app.timer(timing.TICK_SECONDS)(tick)
    app.timer(timing.EXPOSE_SECONDS)(expose)
    app.on_partitions_revoked.connect(revoked, weak=False)
    app.on_before_shutdown.connect(stopping, weak=False)


@contextmanager
def _or_end() -> Iterator[None]:
    """Do it, or end the process: a worker whose books are ahead of what it has said must not go on."""
    try:
        yield
    except Exception as error:
        end(error)


def end(error: Exception) -> None:
    """End the process at once, with one line for whoever supervises it, and the way there where it is our mistake."""
    is_known = isinstance(error, KafkaError | Hopeless | RecordTooLarge | WrongLog | UnknownPolicy)
    log.critical(
        "ending, so that a new start continues from the changelog: %s",
        str(error) or repr(error),
        exc_info=None if is_known else error,
    )
    logging.shutdown()
    os._exit(FAILED)
