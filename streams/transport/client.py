"""The Kafka client of a worker: Faust's thread around aiokafka, with our settings and what Faust does not offer of it.

aiokafka lives in a thread with a loop of its own, so whatever touches it runs there: as one step without an `await`
inside, a snapshot or a set of seeks is consistent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from faust.transport.consumer import RecordMap
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Transport
from faust.types import TP

from streams.transport.reading import End

FETCH_WAIT_MS = 100
"""How long the broker may hold back an answer when there is nothing new; Faust fixes 1500."""

FETCH_BYTES = 17 * 1024 * 1024
"""The most that is fetched of one partition at once: a record of 16 MiB, with its key, headers and framing."""


class ChunkClient(AIOKafkaConsumerThread):
    """Reads committed records, answers fast, and says how far each partition goes."""

    ends: Mapping[TP, End] = {}
    """As they were when the last fetch returned; replaced, never changed, so other threads may read it."""

    async def seek_assigned(self, offsets: Mapping[TP, int]) -> None:
        """Seek the partitions that are still assigned; a rebalance decides where the others are read."""
        await self.call_thread(self._seek_assigned, offsets)

    async def committed(self, tps: Iterable[TP]) -> dict[TP, int | None]:
        """The offsets that the group has committed, None where it never did."""
        return dict(await self.call_thread(self._committed, tuple(tps)))

    async def _seek_assigned(self, offsets: Mapping[TP, int]) -> None:
        consumer = self._ensure_consumer()
        for tp in offsets.keys() & consumer.assignment():
            consumer.seek(tp, offsets[tp])

    async def _committed(self, tps: tuple[TP, ...]) -> dict[TP, int | None]:
        consumer = self._ensure_consumer()
        return dict(zip(tps, await asyncio.gather(*map(consumer.committed, tps)), strict=True))

    def _create_worker_consumer(self, transport: Transport) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        consumer._max_partition_fetch_bytes = FETCH_BYTES
        return consumer

    async def _fetch_records(
        self, consumer: Any, active_partitions: set[TP], timeout: float | None = None, max_records: int | None = None
    ) -> RecordMap:
        records = await super()._fetch_records(consumer, active_partitions, timeout, max_records)
        self.ends = _ends(consumer)
        return records


def _ends(consumer: Any) -> dict[TP, End]:
    """What the broker last said of each assigned partition, where it has answered since it was assigned."""
    subscription = consumer._subscription.subscription
    assignment = subscription and subscription.assignment
    if assignment is None:
        return {}
    states = ((tp, assignment.state_value(tp)) for tp in assignment.tps)
    return {
        TP(tp.topic, tp.partition): End(state.position, state.highwater, state.timestamp)
        for tp, state in states
        if state.has_valid_position and state.timestamp is not None
    }
