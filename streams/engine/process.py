"""Runs a process that reads Kafka through Faust: its app, agent, metrics server and exit."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any, Final, Protocol, TypeVar, cast

import faust
from aiokafka.errors import KafkaError
from faust.types import TP

from streams.engine.committer import State
from streams.engine.partitions import Partitions, Recovery
from streams.engine.timing import TIMING, Timing
from streams.engine.transport import Batch, BatchConsumer, BatchSchema, ReadPositions, install
from streams.errors import FatalError
from streams.kafka.connection import Connection
from streams.metrics.address import Address, client_id
from streams.metrics.exposition import Heartbeat, Snapshot, SnapshotCollector, SnapshotType
from streams.metrics.server import ReadinessCheck, serve_snapshot

log = logging.getLogger("promises")

FAILED: Final = 70
"""The exit code after an error that the process cannot handle, so that its supervisor restarts it (EX_SOFTWARE)."""

_EXPECTED: Final = KafkaError, FatalError
"""Errors whose message is enough. Any other error is logged with its traceback."""


class GroupMember(Protocol):
    """The settings of a member of a consumer group.

    metrics: the address of /metrics. group: the name of the consumer group. instance: the static name of the member in
    the group; None for a dynamic member.
    """

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
    timing: Timing = TIMING,
) -> None:
    """Serve the collector's snapshot and run the app until the process is asked to end. Raises AddressTaken.

    build: makes the app, from the address of /metrics and a directory for Faust's own files.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until Faust installs its own handler
    sys.setswitchinterval(timing.thread_switch_seconds)
    with (
        serve_snapshot(collector, member.metrics, member.group, readiness_check) as address,
        TemporaryDirectory(prefix="promises-") as directory,
    ):
        # The log is already configured.
        worker = faust.Worker(build(address, directory), Heartbeat(collector), quiet=True, override_logging=False)
        worker.spinner = None  # it writes control characters into logs
        worker.execute_from_commandline()


class ConsumerGroup:
    """The consumer group, as this process is a member of it. positions: those of the installed transport."""

    def __init__(self, app: faust.App) -> None:
        self._app = app
        self.positions: ReadPositions

    async def still_owns(self, tp: TP, offset: int) -> bool:
        """Return whether the group accepts a commit of `offset` from this process. Then no other process owns `tp`."""
        return await cast(BatchConsumer, self._app.consumer).still_owns(tp, offset)

    def reread(self, tp: TP) -> None:
        """Read `tp` again from the position of its committer."""
        self.positions.reread(tp)


def create_app(member: GroupMember, address: Address, directory: str, timing: Timing = TIMING) -> faust.App:
    """Create the Faust app of a group member. address: of its /metrics. directory: for Faust's own files."""
    return faust.App(
        member.group,
        datadir=directory,
        **member.connection.for_faust(),
        broker_client_id=client_id(address),
        canonical_url=f"http://worker-{os.getpid()}.invalid",  # distinguishes workers; nothing is served there
        web_enabled=False,
        topic_disable_leader=True,  # otherwise Faust creates a topic to elect a leader, which is not needed
        table_standby_replicas=0,
        stream_buffer_maxsize=timing.queued_batches,
        stream_wait_empty=True,
        consumer_group_instance_id=member.instance,
        broker_max_poll_records=timing.poll_records,
        broker_commit_interval=timing.offset_commit_interval_seconds,
        broker_session_timeout=timing.session_seconds,
        broker_rebalance_timeout=timing.rebalance_seconds,
        broker_heartbeat_interval=timing.heartbeat_seconds,
        broker_request_timeout=timing.faust_request_seconds,
    )


_ShownSnapshot = TypeVar("_ShownSnapshot", bound=Snapshot, covariant=True)


class Agent(Protocol[_ShownSnapshot]):
    """The handler of batches and of the passage of time."""

    async def process(self, batch: Batch, positions: ReadPositions) -> None:
        """Apply the records of `batch` that are new."""

    def tick(self, positions: ReadPositions) -> None:
        """Advance with the wall clock; called every `Timing.tick_seconds`."""

    def snapshot(self, positions: ReadPositions) -> _ShownSnapshot:
        """Return the counts at this moment."""


def attach_agent(
    app: faust.App,
    topics: Sequence[str],
    recovery: Recovery[State],
    build_agent: Callable[[Partitions[State]], Agent[SnapshotType]],
    collector: SnapshotCollector[SnapshotType],
    timing: Timing = TIMING,
) -> None:
    """Let an agent process what `app` reads of `topics`, and the collector expose its snapshots.

    recovery: takes over the partitions that the group assigns. build_agent: makes the agent of these partitions.
    """
    group = ConsumerGroup(app)
    partitions = Partitions(recovery=recovery, group=group, on_fatal=exit_process, timing=timing)
    agent = build_agent(partitions)

    async def open_positions(committed: Mapping[TP, int | None]) -> None:
        with exit_on_error():
            await partitions.assign(committed, app.consumer_generation_id)

    async def process(batches: Any) -> None:
        async for batch in batches:
            with exit_on_error():
                await agent.process(batch, positions)

    async def tick() -> None:
        with exit_on_error():
            agent.tick(positions)

    async def take_snapshot() -> None:
        collector.snapshot = agent.snapshot(positions)

    async def on_revoked(*_: Any, **__: Any) -> None:
        revoking = asyncio.ensure_future(partitions.revoke())
        await asyncio.sleep(0)
        await take_snapshot()
        await revoking

    async def on_shutdown(*_: Any, **__: Any) -> None:
        await partitions.close()

    group.positions = positions = install(app, partitions, open_positions, exit_process, timing)
    app.agent(app.topic(*topics, schema=BatchSchema()))(process)
    app.timer(timing.tick_seconds)(tick)
    app.timer(timing.snapshot_seconds)(take_snapshot)
    app.on_partitions_revoked.connect(on_revoked, weak=False)
    app.on_before_shutdown.connect(on_shutdown, weak=False)


@contextmanager
def exit_on_error() -> Iterator[None]:
    """End the process on any error: it must not go on with state that is ahead of its outputs."""
    try:
        yield
    except Exception as error:
        exit_process(error)


def exit_process(error: Exception) -> None:
    """Log the error, with a traceback if it is unexpected, and end the process at once with exit code 70."""
    log.critical(
        "exiting; a restart continues from the changelog: %s",
        str(error) or repr(error),
        exc_info=None if isinstance(error, _EXPECTED) else error,
    )
    logging.shutdown()
    os._exit(FAILED)
