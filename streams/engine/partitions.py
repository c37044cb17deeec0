"""The shelf: the partitions that this worker owns, each with its ledger; opened, given up, lost and opened again."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
from faust.types import TP

from streams.engine import timing
from streams.engine.committer import Committer, DurableState, State, StepWriter
from streams.errors import FatalError
from streams.metrics.exposition import CommitTimes

log = logging.getLogger("promises")

_REFUSED = ClusterAuthorizationFailedError, TopicAuthorizationFailedError, TransactionalIdAuthorizationFailed
"""No further try helps against these."""


_Opened = TypeVar("_Opened", bound=DurableState, covariant=True)


class Recovery(Protocol[_Opened]):
    """Makes the book of a partition from its changelog, and fences its former owner."""

    async def open(self, tp: TP, progress: Callable[[int, int], None]) -> tuple[_Opened, StepWriter]:
        """Raises KafkaError when another try may help, anything else when not."""


class GroupControl(Protocol):
    """What the shelf asks of the consumer group."""

    async def still_owns(self, tp: TP, offset: int) -> bool:
        """Whether the group takes a commit of `offset` from this worker: then no other owns `tp`."""

    def reread(self, tp: TP) -> None:
        """Read `tp` from its ledger's position on."""


class PartitionLost(FatalError):
    """A partition could neither be opened nor given up; the message says which, and why."""


class Partitions(Mapping[TP, Committer[State]], Generic[State]):
    """The ledgers of all partitions that are open here, one each.

    recovering: of partitions being opened, the offset reached in the changelog and where it ends.
    owned: the partitions given to this worker, open or not; empty while they are dealt out again, and where there are
    more workers than partitions. is_dealt: tells the two apart.
    """

    def __init__(self, opener: Recovery[State], group: GroupControl, on_hopeless: Callable[[Exception], None]) -> None:
        self.commits = CommitTimes()
        self.recovering: dict[TP, tuple[int, int]] = {}
        self.owned: frozenset[TP] = frozenset()
        self.is_dealt = False
        self._opener = opener
        self._group = group
        self._on_hopeless = on_hopeless
        self._ledgers: dict[TP, Committer[State]] = {}
        self._losses: Counter[TP] = Counter()
        self._generation = -1
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def __getitem__(self, tp: TP) -> Committer[State]:
        return self._ledgers[tp]

    def __iter__(self) -> Iterator[TP]:
        return iter(self._ledgers)

    def __len__(self) -> int:
        return len(self._ledgers)

    def standing(self) -> tuple[dict[TP, State], dict[TP, RecoveryProgress]]:
        """The books that are open and this worker's, and how far its other partitions are."""
        open_here = {tp: ledger.book for tp, ledger in self._ledgers.items() if tp in self.owned and not ledger.lost}
        recovering = {tp: RecoveryProgress() for tp in self.owned if tp not in open_here}
        return open_here, recovering | {
            tp: RecoveryProgress(at, end or None) for tp, (at, end) in self.recovering.items()
        }

    async def own(self, tps: Iterable[TP], generation: int) -> None:
        """These partitions are this worker's since `generation` of the group, and no others are.

        A ledger is kept only if no generation was missed: in a missed one another may have owned its partition.
        Raises PartitionLost when a partition cannot be opened.
        """
        async with self._lock:
            mine = frozenset(tps)
            kept = mine if generation == self._generation + 1 else frozenset()
            gone = [tp for tp, ledger in self._ledgers.items() if tp not in kept or ledger.lost]
            await asyncio.gather(*(self._ledgers.pop(tp).close() for tp in gone))
            self._generation = generation
            self._losses.clear()
            await asyncio.gather(*(self._open(tp) for tp in mine - self._ledgers.keys()))
            self.owned, self.is_dealt = mine, True

    async def give_up(self) -> None:
        """The partitions are dealt out again: make durable what can be made so at once."""
        self.owned, self.is_dealt = frozenset(), False
        flushing = [asyncio.ensure_future(ledger.flush()) for ledger in self._ledgers.values()]
        if flushing:
            _, late = await asyncio.wait(flushing, timeout=timing.FLUSH_SECONDS)
            for flush in late:
                flush.cancel()

    async def close(self) -> None:
        """Give up all partitions for good."""
        await self.give_up()
        for task in self._tasks:
            task.cancel()
        async with self._lock:
            await asyncio.gather(*(ledger.close() for ledger in self._ledgers.values()))
            self._ledgers.clear()

    async def _open(self, tp: TP) -> None:
        """Open `tp`, trying again for a while: a broker may be restarting."""
        deadline = asyncio.get_running_loop().time() + timing.LOST_SECONDS
        while True:
            try:
                self.recovering[tp] = 0, 0
                book, writer = await self._opener.open(tp, self._progress(tp))
            except KafkaError as error:
                if isinstance(error, _REFUSED) or asyncio.get_running_loop().time() > deadline:
                    raise PartitionLost(f"{_name(tp)} cannot be opened: {error!r}") from error
                log.warning("%s cannot be opened yet: %r; trying again", _name(tp), error)
                await asyncio.sleep(timing.REOPEN_SECONDS)
            else:
                self._ledgers[tp] = Committer(book, writer, self._lose(tp), self.commits)
                return
            finally:
                self.recovering.pop(tp, None)

    def _progress(self, tp: TP) -> Callable[[int, int], None]:
        def progress(at: int, end: int) -> None:
            self.recovering[tp] = at, end

        return progress

    def _lose(self, tp: TP) -> Callable[[Committer[State]], None]:
        def lose(ledger: Committer[State]) -> None:
            error = ledger.lost
            if error is not None and not isinstance(error, KafkaError):
                self._on_hopeless(error)
            elif isinstance(error, _REFUSED) or self._loses_again(tp, ledger):
                self._on_hopeless(PartitionLost(f"{_name(tp)}: what came of it cannot be written: {error!r}"))
            else:
                log.warning("%s: what came of it cannot be written: %r", _name(tp), error)
                self._spawn(self._reopen(tp, ledger))

        return lose

    def _loses_again(self, tp: TP, ledger: Committer[State]) -> bool:
        """Whether it was opened often enough without one step being written."""
        self._losses[tp] = 1 if ledger.steps else self._losses[tp] + 1
        return self._losses[tp] > timing.LOSSES

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self._on_hopeless(error)

    async def _reopen(self, tp: TP, lost: Committer[State]) -> None:
        """Open again what is still ours; otherwise a rebalance is coming, which takes it away or gives it back."""
        deadline = asyncio.get_running_loop().time() + timing.LOST_SECONDS
        while self._ledgers.get(tp) is lost:
            if asyncio.get_running_loop().time() > deadline:
                raise PartitionLost(f"{_name(tp)} was lost, and nobody took it: {lost.lost!r}")
            if await self._group.still_owns(tp, lost.durable):
                await self._replace(tp, lost)
            else:
                await asyncio.sleep(timing.REOPEN_SECONDS)

    async def _replace(self, tp: TP, lost: Committer[State]) -> None:
        async with self._lock:
            if self._ledgers.get(tp) is not lost:
                return
            await self._ledgers.pop(tp).close()
            await self._open(tp)
        self._group.reread(tp)
        log.warning("%s: open again, from offset %d on", _name(tp), self._ledgers[tp].next)


def _name(tp: TP) -> str:
    return f"{tp.topic}[{tp.partition}]"


@dataclass(frozen=True, slots=True)
class RecoveryProgress:
    """How far the changelog of a partition is read. read: the offset reached. total: where it ends; None: not known."""

    read: int = 0
    total: int | None = None
