"""A writer in place of Kafka that can be blocked and can fail; it keeps what it wrote in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from aiokafka.errors import ProducerFenced

from streams.engine.transaction import Changes
from streams.records import OutputRecord


class Step(NamedTuple):
    """The contents of one transaction."""

    changes: dict[bytes, bytes | None]
    outputs: list[OutputRecord]


@dataclass
class WrittenLog:
    """All transactions of one partition, by whichever writer."""

    steps: list[Step] = field(default_factory=list)
    owner: FakeWriter | None = None

    @property
    def records(self) -> dict[bytes, bytes]:
        """The changelog: the last value of every key."""
        last = {key: value for step in self.steps for key, value in step.changes.items()}
        return {key: value for key, value in last.items() if value is not None}

    @property
    def outputs(self) -> list[OutputRecord]:
        return [record for step in self.steps for record in step.outputs]

    def new_writer(self) -> FakeWriter:
        """Return the writer of a new owner, and fence the former one."""
        self.owner = FakeWriter(self)
        return self.owner


@dataclass
class FakeWriter:
    """A writer that writes to a log, unless it is blocked. error: raised by every write from now on."""

    log: WrittenLog
    error: Exception | None = None
    is_stopped: bool = False
    pending: int = 0
    _may_write: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._may_write.set()

    def block(self) -> None:
        """Let writes wait until the writer is released."""
        self._may_write.clear()

    def release(self) -> None:
        self._may_write.set()

    async def write(self, changes: Changes, outputs: Iterable[OutputRecord]) -> None:
        step = Step(dict(changes), [*outputs])
        self.pending += 1
        await self._may_write.wait()
        self.pending -= 1
        if self.error is not None:
            raise self.error
        if self.log.owner is not self:
            raise ProducerFenced
        self.log.steps.append(step)

    async def stop(self) -> None:
        self.is_stopped = True


async def let_tasks_run() -> None:
    """Let all tasks go as far as they can without Kafka."""
    for _ in range(100):
        await asyncio.sleep(0)
