"""A Faust worker for the tests, run as a process of its own.

Its only argument is a JSON object with the arguments of `build`. It writes a line with a JSON object into `events_file`
for everything that happens.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import faust
from faust.types import TP

from streams.engine.transport import Batch, BatchSchema, install
from streams.wall_clock import wall_clock


class AppliedPosition:
    """The position of the application in a partition. It has no outputs, so what is applied is durable."""

    def __init__(self) -> None:
        self.next = 0

    @property
    def durable(self) -> int:
        return self.next


class Application:
    """An application that only writes down what it receives.

    failures: the number of batches on which it fails first. without_positions: it opens no positions.
    """

    def __init__(
        self, app: faust.App, topic: str, events_file: str, *, failures: int = 0, without_positions: bool = False
    ) -> None:
        self._app = app
        self._events_file = Path(events_file)
        self._failures_left = failures
        self._without_positions = without_positions
        self._applied: dict[TP, AppliedPosition] = {}
        self._positions = install(app, self._applied, self.open_positions)
        app.agent(app.topic(topic, schema=BatchSchema()))(self.process)
        app.timer(0.1)(self.report)

    async def open_positions(self, committed: Mapping[TP, int | None]) -> None:
        await self.report()
        self._applied.clear()
        self._applied.update({} if self._without_positions else {tp: AppliedPosition() for tp in committed})
        self._write_event(opened={tp.partition: offset for tp, offset in committed.items()})

    async def process(self, batches: Any) -> None:
        async for batch in batches:
            self._apply(batch)

    async def report(self) -> None:
        now_ms = wall_clock()
        self._write_event(caught_up=[tp.partition for tp in self._applied if self._positions.caught_up(tp, now_ms)])

    def _apply(self, batch: Batch) -> None:
        records = self._positions.unread(batch)
        if not records:
            return
        if self._failures_left:
            self._failures_left -= 1
            raise RuntimeError("the application fails")
        self._applied[batch.tp].next = batch.end
        self._write_event(
            partition=batch.tp.partition,
            offsets=[record.offset for record in records],
            bytes=sum(len(record.value or b"") for record in records),
        )

    def _write_event(self, **event: Any) -> None:
        with self._events_file.open("a") as events_file:
            events_file.write(json.dumps(event) + "\n")


def build(
    app: str, topic: str, bootstrap: str, port: int, directory: str, events_file: str, **options: Any
) -> faust.App:
    faust_app = faust.App(
        app,
        broker=[f"kafka://{address}" for address in bootstrap.split(",")],
        canonical_url=f"http://127.0.0.1:{port}",
        datadir=directory,
        web_enabled=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        stream_buffer_maxsize=8,
        stream_wait_empty=True,
        broker_max_poll_records=5_000,
        broker_commit_interval=0.5,
        broker_session_timeout=6,
        broker_rebalance_timeout=6,
        broker_heartbeat_interval=1,
        broker_request_timeout=10,
    )
    Application(faust_app, topic, events_file, **options)
    return faust_app


def main() -> None:
    """Run the worker that the first argument describes, until it is asked to end."""
    app = build(**json.loads(sys.argv[1]))
    faust.Worker(app, loglevel="WARNING", quiet=True, redirect_stdouts=False).execute_from_commandline()
