"""A collector that shows the last snapshot it was given, of whatever process."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

from mode import Service
from prometheus_client.registry import Collector


class Beats(Protocol):
    """A snapshot: a dataclass that says when the event loop last moved, in seconds of the monotonic clock."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def beat(self) -> float: ...


Shown = TypeVar("Shown", bound=Beats)
"""The kind of snapshot."""


class Exposed(Collector, Generic[Shown]):
    """Shows `snapshot`, which whoever sets it replaces whole."""

    snapshot: Shown


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
