"""The worker, put together: a Faust app whose one agent feeds the books, and the thread that serves /metrics."""

from __future__ import annotations

import logging

import faust

from streams.engine import process
from streams.engine.partitions import Partitions
from streams.engine.process import ConsumerGroup, exit_process
from streams.kafka.topics import EVENTS
from streams.metrics.address import Address
from streams.wall_clock import wall_clock
from streams.worker.agent import WorkerAgent
from streams.worker.metrics import WorkerCollector, readiness
from streams.worker.recovery import PartitionRecovery
from streams.worker.settings import WorkerSettings

log = logging.getLogger("promises")


def run(settings: WorkerSettings) -> None:
    """Work until the process is told to end. Raises AddressTaken."""
    collector = WorkerCollector()

    def built(address: Address, scratch: str) -> faust.App:
        log.info(
            "judging %s on %s, clock %s, %s; http://%s/metrics",
            EVENTS.name,
            settings.connection.bootstrap,
            settings.clock,
            settings.processing,
            address,
        )
        return build(settings, collector, process.create_app(settings, address, scratch))

    process.run(settings, collector, readiness, built)


def build(settings: WorkerSettings, collector: WorkerCollector, app: faust.App) -> faust.App:
    """`app` as that of one worker."""
    opener = PartitionRecovery(
        settings.connection.for_aiokafka(), settings.policies, settings.is_exact, settings.retention, settings.feeds
    )
    group = ConsumerGroup(app)
    shelf = Partitions(opener, group, exit_process)
    tracker = WorkerAgent(shelf, settings.clock, wall_clock)

    def show() -> None:
        collector.snapshot = tracker.snapshot()

    process.attach_agent(app, group, [EVENTS.name], shelf, tracker, show)
    return app
