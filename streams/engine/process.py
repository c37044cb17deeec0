"""What the processes that read Kafka through Faust share: how they are set up, and how they end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any, Final, Protocol, cast

import faust
from aiokafka.errors import KafkaError
from faust.types import TP

from streams.engine import timing
from streams.engine.partitions import Partitions
from streams.engine.transport import Batch, BatchConsumer, BatchSchema, ReadPositions, install
from streams.errors import FatalError
from streams.kafka.connection import Connection
from streams.metrics.address import Address, client_id
from streams.metrics.exposition import Heartbeat, SnapshotCollector, SnapshotType
from streams.metrics.server import ReadinessCheck, serve_snapshot

log = logging.getLogger("promises")

FAILED: Final = 70
"""Exit code for what cannot go on; whoever supervises the process starts it again (EX_SOFTWARE of sysexits.h)."""

_EXPECTED: Final = KafkaError, FatalError
"""Errors whose message is enough. Any other error is logged with its traceback."""


class GroupMember(Protocol):
    """A member of a consumer group. metrics: where /metrics is served. instance: see Settings."""

    @property
    def connection(self) -> Connection: ...

    @property
    def metrics(self) -> Address: ...

    @property
    def group(self) -> str: ...

    @property
    def instance(self) -> str | None: ...


def run(
    member: GroupMember,
    collector: SnapshotCollector[SnapshotType],
    readiness_check: ReadinessCheck[SnapshotType],
    build: Callable[[Address, str], faust.App],
) -> None:
    """Serve what `collector` has, and work until the process is told to end. Raises AddressTaken.

    build: the app, from where /metrics is served and a folder for files of Faust's own.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until Faust listens to it
    sys.setswitchinterval(timing.SWITCH_SECONDS)
    with (
        serve_snapshot(collector, member.metrics, member.group, readiness_check) as address,
        TemporaryDirectory(prefix="promises-") as scratch,
    ):
        # The log is set up already, in the form asked for.
        worker = faust.Worker(build(address, scratch), Heartbeat(collector), quiet=True, override_logging=False)
        worker.spinner = None  # writes control characters into logs
        worker.execute_from_commandline()


class ConsumerGroup:
    """The consumer group as this process is a member of it."""

    def __init__(self, app: faust.App) -> None:
        self._app = app
        self.reading: ReadPositions

    async def still_owns(self, tp: TP, offset: int) -> bool:
        """Whether the group takes a commit of `offset` from this worker: then no other owns `tp`."""
        return await cast(BatchConsumer, self._app.consumer).still_owns(tp, offset)

    def reread(self, tp: TP) -> None:
        """Read `tp` from its ledger's position on."""
        self.reading.reread(tp)


def create_app(member: GroupMember, address: Address, scratch: str) -> faust.App:
    """The Faust app of a member that serves /metrics at `address`; Faust puts files of its own into `scratch`."""
    return faust.App(
        member.group,
        datadir=scratch,
        **member.connection.for_faust(),
        broker_client_id=client_id(address),
        canonical_url=f"http://worker-{os.getpid()}.invalid",  # tells workers apart; nothing is served there
        web_enabled=False,
        topic_disable_leader=True,  # Faust would make a topic of its own to elect a leader that nobody needs
        table_standby_replicas=0,
        stream_buffer_maxsize=8,  # chunks, not records: enough to keep the agent busy
        stream_wait_empty=True,
        consumer_group_instance_id=member.instance,
        broker_max_poll_records=5_000,
        broker_commit_interval=0.5,  # for lag monitors only: the changelog says where a book continues
        broker_session_timeout=timing.SESSION_SECONDS,
        broker_rebalance_timeout=timing.REBALANCE_SECONDS,
        broker_heartbeat_interval=timing.HEARTBEAT_SECONDS,
        broker_request_timeout=30,
    )


class Agent(Protocol):
    """What is done with chunks, and when time passes."""

    async def feed(self, chunk: Batch, reading: ReadPositions) -> None:
        """Take what is new in `chunk`."""

    def tick(self, reading: ReadPositions) -> None:
        """Some time has passed."""


def attach_agent(
    app: faust.App,
    group: ConsumerGroup,
    topics: Sequence[str],
    shelf: Partitions[Any],
    agent: Agent,
    show: Callable[[], None],
) -> None:
    """Let `agent` take what `app` reads of `topics`, from the positions on `shelf`. show: exposes how all stands."""

    async def opened(committed: Mapping[TP, int | None]) -> None:
        with exit_on_error():
            await shelf.own(committed, app.consumer_generation_id)

    async def fed(chunks: Any) -> None:
        async for chunk in chunks:
            with exit_on_error():
                await agent.feed(chunk, reading)

    async def tick() -> None:
        with exit_on_error():
            agent.tick(reading)

    async def expose() -> None:
        show()

    async def revoked(*_: Any, **__: Any) -> None:
        giving_up = asyncio.ensure_future(shelf.give_up())
        await asyncio.sleep(0)
        show()
        await giving_up

    async def stopping(*_: Any, **__: Any) -> None:
        await shelf.close()

    group.reading = reading = install(app, shelf, opened, exit_process)
    app.agent(app.topic(*topics, schema=BatchSchema()))(fed)
    app.timer(timing.TICK_SECONDS)(tick)
    app.timer(timing.EXPOSE_SECONDS)(expose)
    app.on_partitions_revoked.connect(revoked, weak=False)
    app.on_before_shutdown.connect(stopping, weak=False)


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Do it, or end the process: a worker whose books are ahead of what it has said must not go on."""
    try:
        yield
    except Exception as error:
        exit_process(error)


def exit_process(error: Exception) -> None:
    """End the process at once, with one line for whoever supervises it, and the way there where it is our mistake."""
    log.critical(
        "ending, so that a new start continues from the changelog: %s",
        str(error) or repr(error),
        exc_info=None if isinstance(error, _EXPECTED) else error,
    )
    logging.shutdown()
    os._exit(FAILED)
