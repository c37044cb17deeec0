"""The partitions of a process, each with its committer: assigned, recovered, lost, recovered again, and revoked."""

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

from streams.engine.committer import Committer, DurableState, State, StepWriter
from streams.engine.timing import TIMING, Timing
from streams.errors import FatalError
from streams.metrics.exposition import CommitTimes

log = logging.getLogger("promises")

_REFUSED = ClusterAuthorizationFailedError, TopicAuthorizationFailedError, TransactionalIdAuthorizationFailed
"""Errors that no retry resolves."""


@dataclass(frozen=True, slots=True)
class RecoveryProgress:
    """The progress of reading a changelog. read: the offset reached. total: the offset of the end; None: not known."""

    read: int = 0
    total: int | None = None


_Recovered = TypeVar("_Recovered", bound=DurableState, covariant=True)


class Recovery(Protocol[_Recovered]):
    """A procedure that takes over a partition from its former owner."""

    async def recover(self, tp: TP, progress: Callable[[int, int], None]) -> tuple[_Recovered, StepWriter]:
        """Fence the former owner, and return the state from the changelog, with the writer for it.

        Raises KafkaError if another try may help, and any other error if it cannot.
        """


class GroupControl(Protocol):
    """The requests to the consumer group that a lost partition needs."""

    async def still_owns(self, tp: TP, offset: int) -> bool:
        """Return whether the group accepts a commit of `offset` from this process. Then no other process owns `tp`."""

    def reread(self, tp: TP) -> None:
        """Read `tp` again from the position of its committer."""


class PartitionLost(FatalError):
    """A partition can neither be recovered nor revoked. The message says which one, and why."""


class Partitions(Mapping[TP, Committer[State]], Generic[State]):
    """The committers of all recovered partitions of this process.

    assigned: the partitions of this process, recovered or not; empty during a rebalance, and if there are more
    processes than partitions. has_assignment: tells these two cases apart.
    recovering: for each partition under recovery, the offset reached in the changelog and the offset where it ends.
    """

    def __init__(
        self,
        recovery: Recovery[State],
        group: GroupControl,
        on_fatal: Callable[[Exception], None],
        timing: Timing = TIMING,
    ) -> None:
        self.commits = CommitTimes()
        self.recovering: dict[TP, tuple[int, int]] = {}
        self.assigned: frozenset[TP] = frozenset()
        self.has_assignment = False
        self._recovery = recovery
        self._group = group
        self._on_fatal = on_fatal
        self._timing = timing
        self._committers: dict[TP, Committer[State]] = {}
        self._losses: Counter[TP] = Counter()
        self._generation = -1
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def __getitem__(self, tp: TP) -> Committer[State]:
        return self._committers[tp]

    def __iter__(self) -> Iterator[TP]:
        return iter(self._committers)

    def __len__(self) -> int:
        return len(self._committers)

    def states(self) -> tuple[dict[TP, State], dict[TP, RecoveryProgress]]:
        """Return the states of the assigned partitions that are recovered, and the progress of the others."""
        recovered = {
            tp: committer.state
            for tp, committer in self._committers.items()
            if tp in self.assigned and not committer.lost
        }
        waiting = {tp: RecoveryProgress() for tp in self.assigned if tp not in recovered}
        running = {tp: RecoveryProgress(read, end or None) for tp, (read, end) in self.recovering.items()}
        return recovered, waiting | running

    async def assign(self, tps: Iterable[TP], generation: int) -> None:
        """Take over exactly these partitions, as the given generation of the group says.

        A committer is only kept if this process saw the generation before: in one that it missed, another process may
        have owned the partition. Raises PartitionLost if a partition cannot be recovered.
        """
        async with self._lock:
            assigned = frozenset(tps)
            kept = assigned if generation == self._generation + 1 else frozenset()
            revoked = [tp for tp, committer in self._committers.items() if tp not in kept or committer.lost]
            await asyncio.gather(*(self._committers.pop(tp).close() for tp in revoked))
            self._generation = generation
            self._losses.clear()
            await asyncio.gather(*(self._recover(tp) for tp in assigned - self._committers.keys()))
            self.assigned, self.has_assignment = assigned, True

    async def revoke(self) -> None:
        """Prepare for a rebalance: give the transactions under way a moment to finish."""
        self.assigned, self.has_assignment = frozenset(), False
        flushes = [asyncio.ensure_future(committer.flush()) for committer in self._committers.values()]
        if flushes:
            _, unfinished = await asyncio.wait(flushes, timeout=self._timing.flush_seconds)
            for flush in unfinished:
                flush.cancel()

    async def close(self) -> None:
        """Give up all partitions for good."""
        await self.revoke()
        for task in self._tasks:
            task.cancel()
        async with self._lock:
            await asyncio.gather(*(committer.close() for committer in self._committers.values()))
            self._committers.clear()

    async def _recover(self, tp: TP) -> None:
        """Recover `tp`, and try again for a while if Kafka does not respond: a broker may be restarting."""
        deadline = asyncio.get_running_loop().time() + self._timing.lost_seconds
        while True:
            try:
                self.recovering[tp] = 0, 0
                state, writer = await self._recovery.recover(tp, self._progress(tp))
            except KafkaError as error:
                if isinstance(error, _REFUSED) or asyncio.get_running_loop().time() > deadline:
                    raise PartitionLost(f"cannot recover {_name(tp)}: {error!r}") from error
                log.warning("cannot recover %s yet, trying again: %r", _name(tp), error)
                await asyncio.sleep(self._timing.retry_recovery_seconds)
            else:
                self._committers[tp] = Committer(
                    state=state, writer=writer, on_lost=self._handle_loss(tp), commits=self.commits, timing=self._timing
                )
                return
            finally:
                self.recovering.pop(tp, None)

    def _progress(self, tp: TP) -> Callable[[int, int], None]:
        def progress(read: int, end: int) -> None:
            self.recovering[tp] = read, end

        return progress

    def _handle_loss(self, tp: TP) -> Callable[[Committer[State]], None]:
        def handle(committer: Committer[State]) -> None:
            error = committer.lost
            if error is not None and not isinstance(error, KafkaError):
                self._on_fatal(error)
            elif isinstance(error, _REFUSED) or self._is_lost_too_often(tp, committer):
                self._on_fatal(PartitionLost(f"cannot commit {_name(tp)}: {error!r}"))
            else:
                log.warning("cannot commit %s, recovering it: %r", _name(tp), error)
                self._spawn(self._recover_lost(tp, committer))

        return handle

    def _is_lost_too_often(self, tp: TP, committer: Committer[State]) -> bool:
        """Count the losses in a row without a transaction in between, and return whether there are too many."""
        self._losses[tp] = 1 if committer.steps else self._losses[tp] + 1
        return self._losses[tp] > self._timing.max_losses

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self._on_fatal(error)

    async def _recover_lost(self, tp: TP, lost: Committer[State]) -> None:
        """Recover a lost partition once the group confirms that it is still ours. Otherwise a rebalance is coming."""
        deadline = asyncio.get_running_loop().time() + self._timing.lost_seconds
        while self._committers.get(tp) is lost:
            if asyncio.get_running_loop().time() > deadline:
                raise PartitionLost(f"{_name(tp)} was lost, and no rebalance followed: {lost.lost!r}")
            if await self._group.still_owns(tp, lost.durable):
                await self._replace(tp, lost)
            else:
                await asyncio.sleep(self._timing.retry_recovery_seconds)

    async def _replace(self, tp: TP, lost: Committer[State]) -> None:
        async with self._lock:
            if self._committers.get(tp) is not lost:
                return
            await self._committers.pop(tp).close()
            await self._recover(tp)
        self._group.reread(tp)
        log.warning("recovered %s, continuing at offset %d", _name(tp), self._committers[tp].next)


def _name(tp: TP) -> str:
    return f"{tp.topic}[{tp.partition}]"
