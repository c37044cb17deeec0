"""The Kafka client of a worker: Faust's thread around aiokafka, with our settings and what Faust does not offer of it.

aiokafka lives in a thread with a loop of its own, so whatever touches it runs there: as one step without an `await`
inside, a snapshot or a set of seeks is consistent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

from aiokafka import TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError
from faust.transport.consumer import RecordMap
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Transport
from faust.types import TP

from streams.engine.transport.positions import PartitionEnd

FETCH_WAIT_MS = 50
"""How long the broker may hold back an answer that is smaller than FETCH_BYTES; Faust fixes 1500."""

FETCH_BYTES = 65_536
"""What is worth an answer at once: each costs a worker as much as dozens of events, so a steady flow of single ones is
gathered for FETCH_WAIT_MS."""

COMMIT_SECONDS = 2.0
"""How long one commit may take. It only serves lag monitors and the next owner, who is content with an earlier one."""

STOP_SECONDS = 3.0
"""How long the client may take to leave its group and close."""


class BatchClient(AIOKafkaConsumerThread):
    """Reads committed records, answers fast, and says how far each partition goes.

    The fetch size stays as Faust sets it: Kafka sends at least one batch, whatever its size (KIP-74), so it bounds
    memory, not records.
    """

    ends: Mapping[TP, PartitionEnd] = {}
    """As they were when the last fetch returned; replaced, never changed, so other threads may read it."""

    async def seek_assigned(self, offsets: Mapping[TP, int]) -> None:
        """Seek the partitions that are still assigned; a rebalance decides where the others are read."""
        await self.call_thread(self._seek_assigned, offsets)

    async def committed(self, tps: Iterable[TP]) -> dict[TP, int | None]:
        """The offsets that the group has committed, None where it never did."""
        return dict(await self.call_thread(self._committed, tuple(tps)))

    async def commit(self, offsets: Mapping[TP, int]) -> bool:
        """Whether the offsets were committed; False, too, when the broker does not answer in time."""
        return bool(await self.call_thread(self._commit_assigned, offsets))

    async def owns(self, tp: TP, offset: int) -> bool:
        """Whether the group takes a commit for `tp` from this member. False, too, when the broker does not answer."""
        return bool(await self.call_thread(self._commit_all, {tp: offset}))

    async def on_thread_stop(self) -> None:
        # While the broker is down aiokafka waits for it, or lets a cancelled fetch out of its `stop`, whereupon Faust
        # never ends. The group learns from the missing heartbeats that this member is gone.
        with suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(super().on_thread_stop(), STOP_SECONDS)

    async def _commit_assigned(self, offsets: Mapping[TP, int]) -> bool:
        assigned = self._ensure_consumer().assignment()
        mine = {tp: offset for tp, offset in offsets.items() if tp in assigned}
        self.tp_last_committed_at.update(dict.fromkeys(mine, monotonic()))
        return bool(mine) and await self._commit_all(mine)

    async def _commit_all(self, offsets: Mapping[TP, int]) -> bool:
        # Where Faust's own fails it crashes this thread, which leaves a worker that neither works nor ends.
        wanted = {TopicPartition(*tp): offset for tp, offset in offsets.items()}
        try:
            await asyncio.wait_for(self._ensure_consumer().commit(wanted), COMMIT_SECONDS)
        except (KafkaError, TimeoutError):
            return False
        return True

    async def _seek_assigned(self, offsets: Mapping[TP, int]) -> None:
        consumer = self._ensure_consumer()
        for tp in offsets.keys() & consumer.assignment():
            consumer.seek(tp, offsets[tp])

    async def _committed(self, tps: tuple[TP, ...]) -> dict[TP, int | None]:
        consumer = self._ensure_consumer()
        return dict(zip(tps, await asyncio.gather(*map(consumer.committed, tps)), strict=True))

    def _create_worker_consumer(self, transport: Transport) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        consumer._fetch_min_bytes = FETCH_BYTES
        # Faust deals partitions out in turn: nearly all would move, and be recovered, whenever a worker comes or goes.
        consumer._partition_assignment_strategy = [StickyPartitionAssignor]
        return consumer

    async def _fetch_records(
        self, consumer: Any, active_partitions: set[TP], timeout: float | None = None, max_records: int | None = None
    ) -> RecordMap:
        records = await super()._fetch_records(consumer, active_partitions, timeout, max_records)
        self.ends = _ends(consumer)
        return records


def _ends(consumer: Any) -> dict[TP, PartitionEnd]:
    """What the broker last said of each assigned partition, where it has answered since it was assigned."""
    subscription = consumer._subscription.subscription
    assignment = subscription and subscription.assignment
    if assignment is None:
        return {}
    states = ((tp, assignment.state_value(tp)) for tp in assignment.tps)
    return {
        TP(tp.topic, tp.partition): PartitionEnd(state.position, state.highwater, state.timestamp)
        for tp, state in states
        if state.has_valid_position and state.timestamp is not None
    }
