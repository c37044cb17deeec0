"""The sign of life of the event loop: from its start on, also while the app still waits for Kafka."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Final

from mode import Service

from streams.metrics.exposition import Exposed

BEAT_SECONDS: Final = 1.0


class Heartbeat(Service):
    """Says in the collector's snapshot that the event loop moves, every second; started before the app."""

    def __init__(self, collector: Exposed[Any]) -> None:
        super().__init__()
        self._collector = collector

    @Service.task
    async def _beat(self) -> None:
        while not self.should_stop:
            self._collector.snapshot = replace(self._collector.snapshot, beat=time.monotonic())
            await self.sleep(BEAT_SECONDS)
