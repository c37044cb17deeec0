"""The worker, put together: a Faust app whose one agent feeds the books, and the thread that serves /metrics."""

from __future__ import annotations

import logging

import faust

from streams.engine import process
from streams.engine.partitions import Shelf
from streams.engine.process import Group, end
from streams.kafka.topics import EVENTS
from streams.metrics.address import Address
from streams.wall_clock import wall_clock
from streams.worker.agent import Tracker
from streams.worker.metrics import SnapshotCollector, readiness
from streams.worker.recovery import Opener
from streams.worker.settings import Settings

log = logging.getLogger("promises")


def run(settings: Settings) -> None:
    """Work until the process is told to end. Raises AddressTaken."""
    collector = SnapshotCollector()

    def built(address: Address, scratch: str) -> faust.App:
        log.info(
            "judging %s on %s, clock %s, %s; http://%s/metrics",
            EVENTS.name,
            settings.connection.bootstrap,
            settings.clock,
            settings.processing,
            address,
        )
        return build(settings, collector, process.app_of(settings, address, scratch))

    process.run(settings, collector, readiness, built)


def build(settings: Settings, collector: SnapshotCollector, app: faust.App) -> faust.App:
    """`app` as that of one worker."""
    opener = Opener(
        settings.connection.for_aiokafka(), settings.policies, settings.is_exact, settings.retention, settings.feeds
    )
    group = Group(app)
    shelf = Shelf(opener, group, end)
    tracker = Tracker(shelf, settings.clock, wall_clock)

    def show() -> None:
        collector.snapshot = tracker.snapshot()

    process.wire(app, group, [EVENTS.name], shelf, tracker, show)
    return app
