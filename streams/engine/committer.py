"""The committer of one partition: it writes changed state and outputs to Kafka, one transaction after the other.

While a transaction is under way, the agent goes on applying records in memory; they become the next transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any, Generic, Protocol, TypeVar

from streams.engine.timing import TIMING, Timing
from streams.engine.transaction import Changes
from streams.metrics.exposition import CommitTimes
from streams.records import OutputRecord


class StepWriter(Protocol):
    """A writer that makes steps durable, one after the other."""

    async def write(self, changes: Changes, outputs: Iterable[OutputRecord]) -> None:
        """Write a step. It is durable when this returns; after an error the writer is unusable."""

    async def stop(self) -> None:
        """Stop writing."""


class DurableState(Protocol):
    """The state of a partition that a committer can write."""

    @property
    def next(self) -> int:
        """The offset to read next: the state contains all records below it."""

    @property
    def has_changes(self) -> bool:
        """Whether anything changed since `changes` was last called."""

    @property
    def dirty(self) -> int:
        """A lower bound of the number of changelog records that `changes` will return."""

    def changes(self) -> Changes:
        """Return the changelog records of all that changed since the last call."""


State = TypeVar("State", bound=DurableState)
"""The type of the state of a partition."""


class Committer(Generic[State]):
    """The state of a partition, and the writer that makes it durable.

    durable: the offset below which all records are in the changelog, with all outputs that they led to.
    steps: the number of transactions written.
    lost: the error after which nothing can be written any more. The state in memory is then ahead of the changelog, so
    it must be discarded.
    """

    def __init__(
        self,
        state: State,
        writer: StepWriter,
        on_lost: Callable[[Committer[Any]], None],
        commits: CommitTimes,
        timing: Timing = TIMING,
    ) -> None:
        self.state = state
        self.durable = state.next
        self.steps = 0
        self.lost: Exception | None = None
        self._writer = writer
        self._on_lost = on_lost
        self._commits = commits
        self._timing = timing
        self._outputs: list[OutputRecord] = []
        self._work, self._idle, self._drained = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._idle.set()
        self._task = asyncio.create_task(self._run())

    @property
    def next(self) -> int:
        """The offset to read next: the state in memory contains all records below it."""
        return self.state.next

    def add(self, outputs: Iterable[OutputRecord]) -> None:
        """Schedule a transaction with the changes of the state and these outputs.

        The caller must not await between changing the state and this call: both belong to one transaction.
        """
        self._outputs += outputs
        if self._outputs or self.state.has_changes:
            self._idle.clear()
            self._work.set()

    async def wait_for_room(self) -> None:
        """Wait while too many records are unwritten, unless nothing will be written any more."""
        while self.state.dirty + len(self._outputs) > self._timing.dirty_records and not self._task.done():
            self._drained.clear()
            await self._drained.wait()

    async def flush(self) -> None:
        """Wait until everything is durable, or until the partition is lost."""
        await self._idle.wait()

    async def close(self) -> None:
        """Stop writing. The next owner applies what is not durable again."""
        self._task.cancel()
        await asyncio.wait([self._task])
        self._release_waiters()
        await self._writer.stop()

    def _release_waiters(self) -> None:
        self._idle.set()
        self._drained.set()

    async def _run(self) -> None:
        try:
            while True:
                await self._work.wait()
                self._work.clear()
                began = monotonic()
                await self._commit()
                if not self._work.is_set():
                    self._idle.set()
                await asyncio.sleep(began + self._timing.commit_seconds - monotonic())
        except Exception as error:
            self.lost = error
            self._release_waiters()
            self._on_lost(self)

    async def _commit(self) -> None:
        began = monotonic()
        changes, outputs, next_offset = self.state.changes(), self._outputs, self.state.next
        self._outputs = []
        self._drained.set()
        await self._writer.write(changes, outputs)
        self.durable = next_offset
        self.steps += 1
        self._commits.observe(monotonic() - began)
