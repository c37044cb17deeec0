"""In place of Kafka, where a story needs one that is slow, or fails, at will: what is written is on paper."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from aiokafka.errors import ProducerFenced

from streams.engine.transaction import Changes
from streams.records import OutputRecord


class Step(NamedTuple):
    """What was written at once."""

    changes: dict[bytes, bytes | None]
    said: list[OutputRecord]


@dataclass
class Paper:
    """All that was written for one partition."""

    steps: list[Step] = field(default_factory=list)
    owner: Pen | None = None

    @property
    def records(self) -> dict[bytes, bytes]:
        """The changelog: the last value of every key."""
        last = {key: value for step in self.steps for key, value in step.changes.items()}
        return {key: value for key, value in last.items() if value is not None}

    @property
    def said(self) -> list[OutputRecord]:
        return [message for step in self.steps for message in step.said]

    def pen(self) -> Pen:
        """For a new owner; the former one cannot write any more."""
        self.owner = Pen(self)
        return self.owner


@dataclass
class Pen:
    """Writes, unless it is held, or breaks."""

    paper: Paper
    breaks: Exception | None = None
    is_stopped: bool = False
    under_way: int = 0
    _may_write: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._may_write.set()

    def hold(self) -> None:
        """What is written from now on is not done until the pen is let go."""
        self._may_write.clear()

    def let_go(self) -> None:
        self._may_write.set()

    async def write(self, changes: Changes, said: Iterable[OutputRecord]) -> None:
        step = Step(dict(changes), [*said])
        self.under_way += 1
        await self._may_write.wait()
        self.under_way -= 1
        if self.breaks is not None:
            raise self.breaks
        if self.paper.owner is not self:
            raise ProducerFenced
        self.paper.steps.append(step)

    async def stop(self) -> None:
        self.is_stopped = True


async def a_while() -> None:
    """Whatever can happen without Kafka happens."""
    for _ in range(100):
        await asyncio.sleep(0)
