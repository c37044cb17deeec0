"""The intake process: a Faust app with one agent for all feeds, and a thread that serves /metrics."""

from __future__ import annotations

import logging

import faust

from streams.engine import process
from streams.intake.agent import IntakeAgent
from streams.intake.metrics import IntakeCollector, intake_readiness
from streams.intake.recovery import FeedRecovery
from streams.intake.settings import IntakeSettings
from streams.kafka.topics import EVENTS
from streams.metrics.address import Address
from streams.wall_clock import wall_clock

log = logging.getLogger("promises")


def run(settings: IntakeSettings) -> None:
    """Run intake until the process is asked to end. Raises AddressTaken."""
    collector = IntakeCollector()

    def build_app(address: Address, directory: str) -> faust.App:
        log.info(
            "adapting %s to %s on %s; http://%s/metrics",
            ", ".join(feed.topic for feed in settings.feeds),
            EVENTS.name,
            settings.connection.bootstrap,
            address,
        )
        return build(settings, collector, process.create_app(settings, address, directory))

    process.run(settings, collector, intake_readiness, build_app)


def build(settings: IntakeSettings, collector: IntakeCollector, app: faust.App) -> faust.App:
    """Attach the agent of intake to `app`, and return it."""
    recovery = FeedRecovery(
        client=settings.connection.for_aiokafka(),
        feeds={feed.topic: feed for feed in settings.feeds},
        adapters={feed.topic: settings.adapters[feed.name] for feed in settings.feeds},
        partition_counts=settings.partition_counts,
    )
    process.attach_agent(
        app,
        topics=list(recovery.feeds),
        recovery=recovery,
        build_agent=lambda partitions: IntakeAgent(partitions, settings.partition_counts, wall_clock),
        collector=collector,
    )
    return app
