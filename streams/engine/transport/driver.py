"""A Faust transport that gives an agent one event per chunk and reads every partition from the application's position.

Which private parts of Faust and aiokafka it stands on is listed in `privates`.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from aiokafka.errors import KafkaError
from faust import App
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.transports import ConsumerT
from faust.types.tuples import ConsumerMessage
from mode.types import ServiceT

from streams.engine.transport.batches import Batch
from streams.engine.transport.client import BatchClient
from streams.engine.transport.positions import ReadPositions
from streams.records import ConsumedRecord

FETCH_SECONDS = 0.5
"""How long a fetch waits for records: the age, at most, of what is known of the end of a quiet partition."""

IDLE_SECONDS = 0.02
"""How long to wait when every partition is paused, because the agent's queue is full or a rebalance is under way."""

Refusal = Callable[[KafkaError], None]
"""Told why Kafka does not let us read on. Reading has ended then, and the worker has to."""


class BatchConsumer(driver.Consumer):
    """Fetches, and hands over chunks; knows nothing of what was acknowledged, only of positions."""

    _thread: BatchClient

    def __init__(self, transport: BatchTransport, *args: Any, **kwargs: Any) -> None:
        self.reading = transport.reading
        self._refused = transport.refused
        self._committed_before: dict[TP, int] = {}
        super().__init__(transport, *args, **kwargs)

    async def committed(self, tps: Iterable[TP]) -> dict[TP, int | None]:
        """The offsets that the group has committed, None where it never did; no lower one is committed later."""
        committed = await self._thread.committed(tps)
        self._committed_before = {tp: offset or 0 for tp, offset in committed.items()}
        return committed

    async def still_owns(self, tp: TP, offset: int) -> bool:
        """Whether the group takes a commit of `offset` from this worker: then no other owns `tp`."""
        return await self._thread.owns(tp, offset)

    async def perform_seek(self) -> None:
        self.reading.start(self.assignment())

    def _new_consumer_thread(self) -> BatchClient:
        return BatchClient(self, loop=self.loop, beacon=self.beacon)

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        stopped: tuple[type[BaseException], ...] = (asyncio.CancelledError, *self.consumer_stopped_errors)
        try:
            while not (self.should_stop or fetcher.should_stop):
                await self._fetch()
        except stopped:
            if not self.app.should_stop:
                raise
        except KafkaError as error:
            self._refused(error)

    async def _fetch(self) -> None:
        if not self.flow_active:
            await self.wait(self.can_resume_flow.wait())
            return
        if seeks := self.reading.take_seeks(self.assignment()):
            await self._thread.seek_assigned(seeks)
        # A copy: the set changes here while the other thread looks into it.
        if active := set(self._get_active_partitions()):
            await self._hand_over(await self._getmany(active, FETCH_SECONDS))
        else:
            await self.sleep(IDLE_SECONDS)

    async def _hand_over(self, fetched: Mapping[TP, Sequence[ConsumedRecord]]) -> None:
        for (topic, partition), records in fetched.items():
            for chunk in self.reading.chunks(TP(topic, partition), records):
                await self._give(chunk)
        self.reading.polled(self._thread.ends)
        if not fetched:
            self.reading.reread_lost()

    async def _give(self, chunk: Batch) -> None:
        message = _message(chunk, self.app.consumer_generation_id)
        self.reading.handed_over(chunk.tp, _done(message))
        await self.wait_first(self.callback(message), self.suspend_flow.wait())
        if not self.flow_active:
            self.reading.reread(chunk.tp)

    def _filter_committable_offsets(self, tps: Iterable[TP]) -> dict[TP, int]:
        """What the positions say is durable, where it has grown; acknowledgements are thrown away."""
        for tp in tps:
            self._acked[tp].clear()
            self._acked_index[tp].clear()
        durable = self.reading.durable()
        return {tp: offset for tp, offset in durable.items() if offset > self._committed_before.get(tp, 0)}

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        committed = await self._thread.commit(offsets)
        if committed:
            self._committed_before.update(offsets)
        return committed


class BatchTransport(driver.Transport):
    """Faust's Kafka transport with consumers that follow `reading`."""

    def __init__(self, app: App, reading: ReadPositions, refused: Refusal) -> None:
        self.reading = reading
        self.refused = refused
        super().__init__(app.conf.broker_consumer, app)

    def create_consumer(self, callback: Any, **kwargs: Any) -> ConsumerT:
        return BatchConsumer(self, callback=callback, loop=self.loop, **kwargs)


def _message(chunk: Batch, generation: int) -> ConsumerMessage:
    """A chunk in the form in which Faust carries one record: that of its last record."""
    (topic, partition), last = chunk.tp, chunk.records[-1]
    value: Any = chunk
    return ConsumerMessage(
        topic=topic,
        partition=partition,
        offset=last.offset,
        timestamp=last.timestamp / 1000,
        timestamp_type=0,
        headers=None,
        key=None,
        value=value,
        checksum=None,
        tp=chunk.tp,
        generation_id=generation,
    )


def _done(message: ConsumerMessage) -> Callable[[], bool]:
    """Whether the agent is through with `message`, or nobody holds it any more (it was dropped with a queue)."""
    held = weakref.ref(message)
    return lambda: (alive := held()) is None or alive.acked
