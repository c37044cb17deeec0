"""The producer of one partition: writes what changed, what was said and how far was read, all of it or nothing.

Its transactional id belongs to the partition, not to the worker: starting it ends whatever a former owner left open,
and from then on the former owner cannot write (it is fenced).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError, ProducerClosed, RecordListTooLargeError
from aiokafka.producer import sender

from streams.engine import timing
from streams.errors import FatalError
from streams.records import OutputRecord

sender.BACKOFF_OVERRIDE = timing.NEXT_TRANSACTION_SECONDS


Changes = Iterable[tuple[bytes, bytes | None]]
"""Records for the changelog; without a value a record takes one back."""

_Record = tuple[bytes | None, bytes | None, list[tuple[str, bytes]], int | None]


_NO_HEADERS: list[tuple[str, bytes]] = []


class RecordTooLarge(FatalError):
    """What belongs together does not fit into what the topic takes; the message names the topic and the setting."""


class TransactionWriter:
    """Writes for one partition: what changed to a partition of a changelog, what was said to wherever it belongs."""

    def __init__(self, client: Mapping[str, Any], changelog: TopicPartition, transactional_id: str | None) -> None:
        """client: how to reach Kafka. transactional_id: None writes without transactions, at least once."""
        self._changelog = changelog
        self._is_transactional = transactional_id is not None
        self._producer = AIOKafkaProducer(
            **client,
            transactional_id=transactional_id,
            enable_idempotence=True,
            acks="all",
            max_batch_size=timing.BATCH_BYTES if self._is_transactional else timing.CHANGELOG_BATCH_BYTES,
            max_request_size=timing.CHANGELOG_BATCH_BYTES,
            transaction_timeout_ms=timing.TRANSACTION_MS,
            request_timeout_ms=timing.REQUEST_MS,
            metadata_max_age_ms=timing.REQUEST_MS,
            retry_backoff_ms=timing.RETRY_MS,
        )

    async def start(self) -> None:
        """Connect, and fence whoever wrote for this partition before. Raises aiokafka's KafkaError."""
        try:
            await asyncio.wait_for(self._producer.start(), timing.START_WRITER_SECONDS)
        except TimeoutError:  # aiokafka asks for the coordinator of transactions for ever
            raise KafkaTimeoutError("nobody coordinates the transactions of the partition") from None

    async def stop(self) -> None:
        """Disconnect, whatever happens; what is under way is not waited for long. An open transaction ends with the
        next owner."""
        with suppress(Exception):
            await asyncio.wait_for(self._producer.stop(), timing.STOP_WRITER_SECONDS)
        with suppress(Exception):
            await asyncio.wait_for(_cut(self._producer), timing.STOP_WRITER_SECONDS)

    async def write(self, changes: Changes, said: Iterable[OutputRecord]) -> None:
        """Write all of it. When this returns it is durable; when it raises, the writer is of no use any more.

        Without transactions what was said goes first, so that it may repeat but is never missing, and the changes
        follow in one batch, which Kafka takes whole or not at all. Raises KafkaError and RecordTooLarge.
        """
        places = self._by_place(said)
        changed: dict[TopicPartition, list[_Record]] = {}
        changed[self._changelog] = [(key, value, _NO_HEADERS, None) for key, value in changes]
        if self._is_transactional:
            await self._producer.begin_transaction()
            await self._send_all(places | changed)
            await self._producer.commit_transaction()
        else:
            await self._send_all(places)
            await self._send_all(changed, in_one_batch=True)

    def _by_place(self, said: Iterable[OutputRecord]) -> dict[TopicPartition, list[_Record]]:
        places: dict[TopicPartition, list[_Record]] = {}
        mine = self._changelog.partition
        for topic, key, value, headers, partition, timestamp in said:
            place = TopicPartition(topic, mine if partition is None else partition)
            places.setdefault(place, []).append((key, value, [*headers], timestamp))
        return places

    async def _send_all(
        self, places: Mapping[TopicPartition, Sequence[_Record]], *, in_one_batch: bool = False
    ) -> None:
        sending = [
            (place, await self._send(place, records, in_one_batch=in_one_batch))
            for place, records in places.items()
            if records
        ]
        # aiokafka commits even when a batch of the transaction failed: look at each before.
        for (topic, partition), batches in sending:
            try:
                await asyncio.gather(*batches)
            except (MessageSizeTooLargeError, RecordListTooLargeError) as error:
                raise RecordTooLarge(
                    f"{topic}[{partition}] does not take a record that belongs there, because of its size: raise "
                    f"max.message.bytes of {topic} ({error!r})"
                ) from error

    async def _send(
        self, place: TopicPartition, records: Sequence[_Record], *, in_one_batch: bool
    ) -> list[asyncio.Future[Any]]:
        sending: list[asyncio.Future[Any]] = []
        batch = self._producer.create_batch()
        for key, value, headers, timestamp in records:
            # In transactions the producer itself bounds the batch, by the same number.
            full = not (self._is_transactional or in_one_batch) and batch.size() > timing.BATCH_BYTES
            if full or batch.append(key=key, value=value, timestamp=timestamp, headers=headers) is None:
                if in_one_batch:
                    raise RecordTooLarge(
                        f"what changed in one step does not fit into {timing.CHANGELOG_BATCH_BYTES} bytes of "
                        f"{place.topic}; without transactions it must: use --processing exactly_once"
                    )
                sending.append(await self._send_batch(batch, place))
                batch = self._producer.create_batch()
                batch.append(key=key, value=value, timestamp=timestamp, headers=headers)
        sending.append(await self._send_batch(batch, place))
        return sending

    async def _send_batch(self, batch: Any, place: TopicPartition) -> asyncio.Future[Any]:
        sent: asyncio.Future[Any] = await self._producer.send_batch(batch, place.topic, partition=place.partition)
        sent.add_done_callback(_looked_at)
        return sent


async def _cut(producer: AIOKafkaProducer) -> None:
    """End what is left of a producer that could not write its last batches, or it would write them later."""
    try:
        await producer._sender.close()
    finally:
        _fail_rest(producer)
        await producer.client.close()


def _fail_rest(producer: AIOKafkaProducer) -> None:
    """Nobody waits any more for what was not written; without a look each would be reported as an error forgotten."""
    unwritten = producer._message_accumulator
    rest = {*unwritten._pending_batches, *(batch for batches in unwritten._batches.values() for batch in batches)}
    unwritten._pending_batches.update(rest)  # a batch that waits for its next try takes itself from here when it ends
    unwritten.fail_all(ProducerClosed())
    ended = producer._txn_manager.wait_for_transaction_end()
    for future in (ended, *(future for batch in rest for future in (batch.future, batch._drain_waiter))):
        if future is not None:
            future.add_done_callback(_looked_at)


def _looked_at(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()
