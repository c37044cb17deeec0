"""Intake, put together: a Faust app whose one agent adapts the records of all feeds, and the thread for /metrics."""

from __future__ import annotations

import logging

import faust

from streams.engine import process
from streams.engine.partitions import Partitions
from streams.engine.process import ConsumerGroup, exit_process
from streams.intake.agent import IntakeAgent
from streams.intake.metrics import IntakeCollector, intake_readiness
from streams.intake.recovery import FeedRecovery
from streams.intake.settings import IntakeSettings
from streams.kafka.topics import EVENTS
from streams.metrics.address import Address
from streams.wall_clock import wall_clock

log = logging.getLogger("promises")


def run(settings: IntakeSettings) -> None:
    """Work until the process is told to end. Raises AddressTaken."""
    collector = IntakeCollector()

    def built(address: Address, scratch: str) -> faust.App:
        log.info(
            "adapting %s to %s on %s; http://%s/metrics",
            ", ".join(feed.topic for feed in settings.feeds),
            EVENTS.name,
            settings.connection.bootstrap,
            address,
        )
        return build(settings, collector, process.create_app(settings, address, scratch))

    process.run(settings, collector, intake_readiness, built)


def build(settings: IntakeSettings, collector: IntakeCollector, app: faust.App) -> faust.App:
    """`app` as that of one member of the group of intake."""
    opener = FeedRecovery(
        settings.connection.for_aiokafka(),
        {feed.topic: feed for feed in settings.feeds},
        {feed.topic: settings.adapters[feed.name] for feed in settings.feeds},
        settings.partitions,
    )
    group = ConsumerGroup(app)
    shelf = Partitions(opener, group, exit_process)
    intake = IntakeAgent(shelf, settings.partitions, wall_clock)

    def show() -> None:
        collector.snapshot = intake.snapshot(group.reading)

    process.attach_agent(app, group, list(opener.feeds), shelf, intake, show)
    return app
