"""A Faust worker for the tests, run as a process of its own; `said` is the file in which it writes what it is given.

Its one argument is a JSON object: what `build` takes. Each line of the file is a JSON object too.
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


class Till:
    """How far the till of a shop is in its list of orders. What it has read is printed: nothing else is owed."""

    def __init__(self) -> None:
        self.next = 0

    @property
    def durable(self) -> int:
        return self.next


class Shop:
    """The tills of the partitions that this worker owns. `stumbles`: how many chunks they drop on the floor at first.

    `asleep`: no till is opened.
    """

    def __init__(self, app: faust.App, topic: str, said: str, *, stumbles: int = 0, asleep: bool = False) -> None:
        self._app = app
        self._said = Path(said)
        self._stumbles = stumbles
        self._asleep = asleep
        self._tills: dict[TP, Till] = {}
        self._positions = install(app, self._tills, self.open)
        app.agent(app.topic(topic, schema=BatchSchema()))(self.ring_up)
        app.timer(0.1)(self.look_up)

    async def open(self, committed: Mapping[TP, int | None]) -> None:
        await self.look_up()
        self._tills.clear()
        self._tills.update({} if self._asleep else {tp: Till() for tp in committed})
        self._say(opened={tp.partition: offset for tp, offset in committed.items()})

    async def ring_up(self, batches: Any) -> None:
        async for batch in batches:
            self._take(batch)

    async def look_up(self) -> None:
        now_ms = wall_clock()
        self._say(caught_up=[tp.partition for tp in self._tills if self._positions.caught_up(tp, now_ms)])

    def _take(self, batch: Batch) -> None:
        records = self._positions.unread(batch)
        if not records:
            return
        if self._stumbles:
            self._stumbles -= 1
            raise RuntimeError("the till stumbles")
        self._tills[batch.tp].next = batch.end
        self._say(
            partition=batch.tp.partition,
            offsets=[record.offset for record in records],
            bytes=sum(len(record.value or b"") for record in records),
        )

    def _say(self, **what: Any) -> None:
        with self._said.open("a") as said:
            said.write(json.dumps(what) + "\n")


def build(app: str, topic: str, bootstrap: str, port: int, directory: str, said: str, **options: Any) -> faust.App:
    built = faust.App(
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
    Shop(built, topic, said, **options)
    return built


def main() -> None:
    """Work until told to end, as the first argument says."""
    app = build(**json.loads(sys.argv[1]))
    faust.Worker(app, loglevel="WARNING", quiet=True, redirect_stdouts=False).execute_from_commandline()
