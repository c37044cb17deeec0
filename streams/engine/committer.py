"""The ledger of one partition: what its book changed and said, written in groups.

While one transaction is under way, the next chunks are applied in memory; together they become the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any, Generic, Protocol, TypeVar

from streams.engine import timing
from streams.engine.transaction import Changes
from streams.metrics.exposition import CommitTimes
from streams.records import OutputRecord


class StepWriter(Protocol):
    """Whoever makes steps durable, one after the other: the writer of the partition."""

    async def write(self, changes: Changes, said: Iterable[OutputRecord]) -> None:
        """Returns when all of it is durable; when it raises, none of it may be, and no more is written."""

    async def stop(self) -> None:
        """Write no more."""


class DurableState(Protocol):
    """What a ledger keeps: a book, the state of one partition."""

    @property
    def next(self) -> int:
        """The offset to read next: all below is in this state."""

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to write."""

    @property
    def dirty(self) -> int:
        """How many records the next changes have at least."""

    def changes(self) -> Changes:
        """The records of all that changed since this was last asked."""


State = TypeVar("State", bound=DurableState)
"""The kind of book."""


class Committer(Generic[State]):
    """A book and the writer that makes it durable.

    next: the offset to read next: all below is in memory. durable: all below is in the changelog, with everything that
    it led to. steps: how many were written. lost: why nothing can be written any more; then memory is ahead of the log,
    and the book must go.
    """

    def __init__(
        self, book: State, writer: StepWriter, on_lost: Callable[[Committer[Any]], None], commits: CommitTimes
    ) -> None:
        self.book = book
        self.durable = book.next
        self.steps = 0
        self.lost: Exception | None = None
        self._writer = writer
        self._on_lost = on_lost
        self._commits = commits
        self._said: list[OutputRecord] = []
        self._changed, self._quiet, self._taken = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._quiet.set()
        self._task = asyncio.create_task(self._write())

    @property
    def next(self) -> int:
        """The book's own position."""
        return self.book.next

    def note(self, said: Iterable[OutputRecord]) -> None:
        """The book was changed, without an `await` since, and said this: both belong to one transaction."""
        self._said += said
        if self._said or self.book.has_changes:
            self._quiet.clear()
            self._changed.set()

    async def room(self) -> None:
        """Wait while too much is unwritten, and will be written."""
        while self.book.dirty + len(self._said) > timing.DIRTY_RECORDS and not self._task.done():
            self._taken.clear()
            await self._taken.wait()

    async def flush(self) -> None:
        """Wait until all is durable, or never will be."""
        await self._quiet.wait()

    async def close(self) -> None:
        """Write no more. What is not durable is the next owner's to judge again."""
        self._task.cancel()
        await asyncio.wait([self._task])
        self._nothing_more()
        await self._writer.stop()

    def _nothing_more(self) -> None:
        """Nobody needs to wait any longer."""
        self._quiet.set()
        self._taken.set()

    async def _write(self) -> None:
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                began = monotonic()
                await self._write_once()
                if not self._changed.is_set():
                    self._quiet.set()
                await asyncio.sleep(began + timing.COMMIT_SECONDS - monotonic())
        except Exception as error:
            self.lost = error
            self._nothing_more()
            self._on_lost(self)

    async def _write_once(self) -> None:
        began = monotonic()
        changes, said, upto = self.book.changes(), self._said, self.book.next
        self._said = []
        self._taken.set()
        await self._writer.write(changes, said)
        self.durable = upto
        self.steps += 1
        self._commits.observe(monotonic() - began)
