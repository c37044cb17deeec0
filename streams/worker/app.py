"""The worker process: a Faust app with one agent, and a thread that serves /metrics."""

from __future__ import annotations

import logging

import faust

from streams.engine import process
from streams.kafka.topics import EVENTS
from streams.metrics.address import Address
from streams.wall_clock import wall_clock
from streams.worker.agent import WorkerAgent
from streams.worker.metrics import WorkerCollector, readiness
from streams.worker.recovery import PartitionRecovery
from streams.worker.settings import WorkerSettings

log = logging.getLogger("promises")


def run(settings: WorkerSettings) -> None:
    """Run a worker until the process is asked to end. Raises AddressTaken."""
    collector = WorkerCollector()

    def build_app(address: Address, directory: str) -> faust.App:
        log.info(
            "judging %s on %s, clock %s, %s; http://%s/metrics",
            EVENTS.name,
            settings.connection.bootstrap,
            settings.clock,
            settings.processing,
            address,
        )
        return build(settings, collector, process.create_app(settings, address, directory))

    process.run(settings, collector, readiness, build_app)


def build(settings: WorkerSettings, collector: WorkerCollector, app: faust.App) -> faust.App:
    """Attach the agent of a worker to `app`, and return it."""
    recovery = PartitionRecovery(
        client=settings.connection.for_aiokafka(),
        policies=settings.policies,
        is_exact=settings.is_exact,
        retention=settings.retention,
        feeds=settings.feeds,
    )
    process.attach_agent(
        app,
        topics=[EVENTS.name],
        recovery=recovery,
        build_agent=lambda partitions: WorkerAgent(partitions, settings.clock, wall_clock),
        collector=collector,
    )
    return app
