"""A Faust transport that sends an agent one event per batch, and reads each partition from the application's position.

`privates` lists the private parts of Faust and aiokafka that it uses.
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

from streams.engine.timing import Timing
from streams.engine.transport.batches import Batch
from streams.engine.transport.client import BatchClient
from streams.engine.transport.positions import ReadPositions
from streams.records import ConsumedRecord

OnRefused = Callable[[KafkaError], None]
"""A callback for the error with which Kafka refuses to let this process read. Reading has ended; the process has to."""


class BatchConsumer(driver.Consumer):
    """A consumer that fetches records and dispatches batches. It ignores acknowledgements and follows positions."""

    _thread: BatchClient

    def __init__(self, transport: BatchTransport, *args: Any, **kwargs: Any) -> None:
        self.positions = transport.positions
        self._on_refused = transport.on_refused
        self._timing = transport.timing
        self._committed_before: dict[TP, int] = {}
        super().__init__(transport, *args, **kwargs)

    async def committed(self, tps: Iterable[TP]) -> dict[TP, int | None]:
        """Return the offsets that the group has committed; None without a commit. No lower one is committed later."""
        committed = await self._thread.committed(tps)
        self._committed_before = {tp: offset or 0 for tp, offset in committed.items()}
        return committed

    async def still_owns(self, tp: TP, offset: int) -> bool:
        """Return whether the group accepts a commit of `offset` from this process. Then no other process owns `tp`."""
        return await self._thread.owns(tp, offset)

    async def perform_seek(self) -> None:
        self.positions.start(self.assignment())

    def _new_consumer_thread(self) -> BatchClient:
        return BatchClient(self._timing, self, loop=self.loop, beacon=self.beacon)

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        stopped: tuple[type[BaseException], ...] = (asyncio.CancelledError, *self.consumer_stopped_errors)
        try:
            while not (self.should_stop or fetcher.should_stop):
                await self._fetch()
        except stopped:
            if not self.app.should_stop:
                raise
        except KafkaError as error:
            self._on_refused(error)

    async def _fetch(self) -> None:
        if not self.flow_active:
            await self.wait(self.can_resume_flow.wait())
            return
        if seeks := self.positions.pop_seeks(self.assignment()):
            await self._thread.seek_assigned(seeks)
        # A copy: the set changes here while the other thread reads it.
        if active := set(self._get_active_partitions()):
            await self._dispatch(await self._getmany(active, self._timing.fetch_seconds))
        else:
            await self.sleep(self._timing.idle_seconds)

    async def _dispatch(self, fetched: Mapping[TP, Sequence[ConsumedRecord]]) -> None:
        for (topic, partition), records in fetched.items():
            for batch in self.positions.batches(TP(topic, partition), records):
                await self._send(batch)
        self.positions.update_ends(self._thread.ends)
        if not fetched:
            self.positions.reread_dropped()

    async def _send(self, batch: Batch) -> None:
        message = _message(batch, self.app.consumer_generation_id)
        self.positions.dispatched(batch.tp, _done(message))
        await self.wait_first(self.callback(message), self.suspend_flow.wait())
        if not self.flow_active:
            self.positions.reread(batch.tp)

    def _filter_committable_offsets(self, tps: Iterable[TP]) -> dict[TP, int]:
        """Return the durable positions that have grown. Acknowledgements are thrown away."""
        for tp in tps:
            self._acked[tp].clear()
            self._acked_index[tp].clear()
        durable = self.positions.durable()
        return {tp: offset for tp, offset in durable.items() if offset > self._committed_before.get(tp, 0)}

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        committed = await self._thread.commit(offsets)
        if committed:
            self._committed_before.update(offsets)
        return committed


class BatchTransport(driver.Transport):
    """Faust's Kafka transport, with consumers that follow `positions`."""

    def __init__(self, app: App, positions: ReadPositions, on_refused: OnRefused, timing: Timing) -> None:
        self.positions = positions
        self.on_refused = on_refused
        self.timing = timing
        super().__init__(app.conf.broker_consumer, app)

    def create_consumer(self, callback: Any, **kwargs: Any) -> ConsumerT:
        return BatchConsumer(self, callback=callback, loop=self.loop, **kwargs)


def _message(batch: Batch, generation: int) -> ConsumerMessage:
    """Return the batch in the form in which Faust carries one record, with the offset of its last record."""
    (topic, partition), last = batch.tp, batch.records[-1]
    value: Any = batch
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
        tp=batch.tp,
        generation_id=generation,
    )


def _done(message: ConsumerMessage) -> Callable[[], bool]:
    """Return a test whether the agent has finished with `message`, or it was dropped together with a queue."""
    reference = weakref.ref(message)
    return lambda: (alive := reference()) is None or alive.acked
