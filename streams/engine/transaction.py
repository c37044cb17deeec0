"""The transactional producer of one partition: it writes changelog records and outputs, all of them or none.

The transactional id belongs to the partition, not to the process. Starting the producer aborts a transaction that the
former owner left open, and fences the former owner: it cannot write any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError, ProducerClosed, RecordListTooLargeError
from aiokafka.producer import sender

from streams.engine.timing import TIMING, Timing
from streams.errors import FatalError
from streams.records import OutputRecord

Changes = Iterable[tuple[bytes, bytes | None]]
"""Changelog records, key and value; a record without a value deletes the value under its key."""

_Record = tuple[bytes | None, bytes | None, list[tuple[str, bytes]], int | None]
"""Key, value, headers and timestamp."""

_NO_HEADERS: list[tuple[str, bytes]] = []


class RecordTooLarge(FatalError):
    """The topic does not accept a record, or a step, because of its size. The message names topic and setting."""


class TransactionWriter:
    """The writer of one partition: changes go to a partition of a changelog, outputs to their topics.

    transactional_id: None writes without transactions, at least once.
    """

    def __init__(
        self,
        client: Mapping[str, Any],
        changelog: TopicPartition,
        transactional_id: str | None,
        timing: Timing = TIMING,
    ) -> None:
        self._changelog = changelog
        self._is_transactional = transactional_id is not None
        self._timing = timing
        # aiokafka reads this only as a constant of its module, so it holds for all producers of the process.
        sender.BACKOFF_OVERRIDE = timing.next_transaction_seconds
        self._producer = AIOKafkaProducer(
            **client,
            transactional_id=transactional_id,
            enable_idempotence=True,
            acks="all",
            max_batch_size=timing.batch_bytes if self._is_transactional else timing.changelog_batch_bytes,
            max_request_size=timing.changelog_batch_bytes,
            transaction_timeout_ms=timing.transaction_ms,
            request_timeout_ms=timing.request_ms,
            metadata_max_age_ms=timing.request_ms,
            retry_backoff_ms=timing.retry_ms,
        )

    async def start(self) -> None:
        """Connect, and fence the former owner of the partition. Raises aiokafka's KafkaError."""
        try:
            await asyncio.wait_for(self._producer.start(), self._timing.start_producer_seconds)
        except TimeoutError:  # aiokafka asks for the transaction coordinator for ever
            raise KafkaTimeoutError("no transaction coordinator was found for the partition") from None

    async def stop(self) -> None:
        """Disconnect, without waiting long for pending records. The next owner aborts an open transaction."""
        with suppress(Exception):
            await asyncio.wait_for(self._producer.stop(), self._timing.stop_producer_seconds)
        with suppress(Exception):
            await asyncio.wait_for(_abandon(self._producer), self._timing.stop_producer_seconds)

    async def write(self, changes: Changes, outputs: Iterable[OutputRecord]) -> None:
        """Write a step. It is durable when this returns; when this raises, the writer is unusable.

        Without transactions the outputs are written first, so they may repeat but are never missing; the changes follow
        in one batch, which Kafka accepts as a whole or not at all. Raises KafkaError and RecordTooLarge.
        """
        by_partition = self._by_partition(outputs)
        changed: dict[TopicPartition, list[_Record]] = {}
        changed[self._changelog] = [(key, value, _NO_HEADERS, None) for key, value in changes]
        if self._is_transactional:
            await self._producer.begin_transaction()
            await self._send_all(by_partition | changed)
            await self._producer.commit_transaction()
        else:
            await self._send_all(by_partition)
            await self._send_all(changed, in_one_batch=True)

    def _by_partition(self, outputs: Iterable[OutputRecord]) -> dict[TopicPartition, list[_Record]]:
        by_partition: dict[TopicPartition, list[_Record]] = {}
        own_partition = self._changelog.partition
        for topic, key, value, headers, partition, timestamp in outputs:
            tp = TopicPartition(topic, own_partition if partition is None else partition)
            by_partition.setdefault(tp, []).append((key, value, [*headers], timestamp))
        return by_partition

    async def _send_all(
        self, by_partition: Mapping[TopicPartition, Sequence[_Record]], *, in_one_batch: bool = False
    ) -> None:
        sent = [
            (tp, await self._send(tp, records, in_one_batch=in_one_batch))
            for tp, records in by_partition.items()
            if records
        ]
        # aiokafka commits even if a batch of the transaction failed, so check each batch first.
        for (topic, partition), batches in sent:
            try:
                await asyncio.gather(*batches)
            except (MessageSizeTooLargeError, RecordListTooLargeError) as error:
                raise RecordTooLarge(
                    f"{topic}[{partition}] refused a record because of its size: raise max.message.bytes of {topic} "
                    f"({error!r})"
                ) from error

    async def _send(
        self, tp: TopicPartition, records: Sequence[_Record], *, in_one_batch: bool
    ) -> list[asyncio.Future[Any]]:
        sent: list[asyncio.Future[Any]] = []
        batch = self._producer.create_batch()
        for key, value, headers, timestamp in records:
            # In a transaction the producer itself limits the batch to the same size.
            is_full = not (self._is_transactional or in_one_batch) and batch.size() > self._timing.batch_bytes
            if is_full or batch.append(key=key, value=value, timestamp=timestamp, headers=headers) is None:
                if in_one_batch:
                    raise RecordTooLarge(
                        f"the changes of one step exceed {self._timing.changelog_batch_bytes} bytes, the limit of "
                        f"{tp.topic} without transactions: use --processing exactly_once"
                    )
                sent.append(await self._send_batch(batch, tp))
                batch = self._producer.create_batch()
                batch.append(key=key, value=value, timestamp=timestamp, headers=headers)
        sent.append(await self._send_batch(batch, tp))
        return sent

    async def _send_batch(self, batch: Any, tp: TopicPartition) -> asyncio.Future[Any]:
        sent: asyncio.Future[Any] = await self._producer.send_batch(batch, tp.topic, partition=tp.partition)
        sent.add_done_callback(_retrieve_exception)
        return sent


async def _abandon(producer: AIOKafkaProducer) -> None:
    """Close a producer that could not write its last batches, or it would write them later."""
    try:
        await producer._sender.close()
    finally:
        _fail_pending(producer)
        await producer.client.close()


def _fail_pending(producer: AIOKafkaProducer) -> None:
    """Fail all unwritten batches, and retrieve their errors; asyncio would log each as never retrieved."""
    accumulator = producer._message_accumulator
    pending = {*accumulator._pending_batches, *(batch for queue in accumulator._batches.values() for batch in queue)}
    accumulator._pending_batches.update(pending)  # a batch that waits for a retry removes itself from here
    accumulator.fail_all(ProducerClosed())
    ended = producer._txn_manager.wait_for_transaction_end()
    for future in (ended, *(future for batch in pending for future in (batch.future, batch._drain_waiter))):
        if future is not None:
            future.add_done_callback(_retrieve_exception)


def _retrieve_exception(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()
