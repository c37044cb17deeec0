"""The Kafka client of a process: Faust's thread around aiokafka, with our settings and a few more requests.

aiokafka runs in a thread with an event loop of its own, so everything that touches it runs there. A step without an
`await` inside is atomic: a snapshot or a set of seeks is consistent.
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

from streams.engine.timing import Timing
from streams.engine.transport.positions import PartitionEnd


class BatchClient(AIOKafkaConsumerThread):
    """A client that reads committed records, responds fast, and knows the end of each partition.

    The fetch size stays as Faust sets it. It limits memory, not records: Kafka sends at least one batch, whatever its
    size (KIP-74).
    """

    ends: Mapping[TP, PartitionEnd] = {}
    """The ends when the last fetch returned. Other threads may read it: it is replaced and never changed."""

    def __init__(self, timing: Timing, *args: Any, **kwargs: Any) -> None:
        self._timing = timing
        super().__init__(*args, **kwargs)

    async def seek_assigned(self, offsets: Mapping[TP, int]) -> None:
        """Seek in the partitions that are still assigned. A rebalance decides where the others are read."""
        await self.call_thread(self._seek_assigned, offsets)

    async def committed(self, tps: Iterable[TP]) -> dict[TP, int | None]:
        """Return the offsets that the group has committed; None for a partition without a commit."""
        return dict(await self.call_thread(self._committed, tuple(tps)))

    async def commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit the offsets of assigned partitions. Return False if Kafka refuses them or does not answer in time."""
        return bool(await self.call_thread(self._commit_assigned, offsets))

    async def owns(self, tp: TP, offset: int) -> bool:
        """Return whether the group accepts a commit for `tp` from this member. False too if Kafka does not answer."""
        return bool(await self.call_thread(self._commit_all, {tp: offset}))

    async def on_thread_stop(self) -> None:
        # While the broker is down, aiokafka waits for it, or lets a cancelled fetch escape from its `stop`, and then
        # Faust never ends. The group notices from the missing heartbeats that this member is gone.
        with suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(super().on_thread_stop(), self._timing.stop_client_seconds)

    async def _commit_assigned(self, offsets: Mapping[TP, int]) -> bool:
        assigned = self._ensure_consumer().assignment()
        still_assigned = {tp: offset for tp, offset in offsets.items() if tp in assigned}
        self.tp_last_committed_at.update(dict.fromkeys(still_assigned, monotonic()))
        return bool(still_assigned) and await self._commit_all(still_assigned)

    async def _commit_all(self, offsets: Mapping[TP, int]) -> bool:
        # If Faust's own commit fails, it crashes this thread, and the worker hangs.
        by_partition = {TopicPartition(*tp): offset for tp, offset in offsets.items()}
        try:
            await asyncio.wait_for(self._ensure_consumer().commit(by_partition), self._timing.offset_commit_seconds)
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
        consumer._fetch_max_wait_ms = self._timing.fetch_wait_ms
        consumer._fetch_min_bytes = self._timing.fetch_bytes
        # Faust assigns round-robin: nearly all partitions would move, and be recovered, if a worker comes or goes.
        consumer._partition_assignment_strategy = [StickyPartitionAssignor]
        return consumer

    async def _fetch_records(
        self, consumer: Any, active_partitions: set[TP], timeout: float | None = None, max_records: int | None = None
    ) -> RecordMap:
        records = await super()._fetch_records(consumer, active_partitions, timeout, max_records)
        self.ends = _ends(consumer)
        return records


def _ends(consumer: Any) -> dict[TP, PartitionEnd]:
    """Return the broker's last answer about each assigned partition, if it has answered since the assignment."""
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
