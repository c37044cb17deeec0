"""Reading a changelog to its end, and finding transactions that Kafka never ended.

A lone broker that is stopped under load can acknowledge the end of a transaction and lose the marker that ends it: then
readers see nothing of it, and nothing after it, until the next transaction of that producer. It is found by two offsets
that must be equal once only we write: the end for readers of what is committed, and the end of the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import Any, Final, Literal

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaTimeoutError

from streams.engine import timing

_POLL_SECONDS: Final = 0.05

Progress = Callable[[int, int], None]
"""Told how far the reading is: the offset reached, and the offset where it ends."""

Take = Callable[[bytes, bytes | None], None]
"""Given the key and value of a record; without a value, what stood there under that key is gone."""


class LogReader:
    """A reader of single partitions, outside any consumer group. Use it in an `async with`."""

    def __init__(self, client: Mapping[str, Any], isolation: Literal["read_committed", "read_uncommitted"]) -> None:
        self._reader = AIOKafkaConsumer(
            **client,
            isolation_level=isolation,
            enable_auto_commit=False,
            max_partition_fetch_bytes=timing.CHANGELOG_BATCH_BYTES // 4,
            fetch_max_wait_ms=50,
            request_timeout_ms=timing.REQUEST_MS,
            retry_backoff_ms=timing.RETRY_MS,  # aiokafka waits once for every topic of which it knows nothing yet
        )

    async def __aenter__(self) -> LogReader:
        try:
            await self._reader.start()
        except BaseException:
            await self._reader.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._reader.stop()

    async def ends(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The offset after the last record of each, as this reader sees it."""
        return dict(await self._reader.end_offsets(list(tps)))

    async def begins(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The offset of the first record that each still holds."""
        return dict(await self._reader.beginning_offsets(list(tps)))

    async def read(self, tp: TopicPartition, progress: Progress, take: Take) -> None:
        """Give `take` each record from the beginning to the end. Raises KafkaTimeoutError when nothing more comes."""
        consumer = self._reader
        consumer.assign([tp])
        await consumer.seek_to_beginning(tp)
        end = (await self.ends([tp]))[tp]
        reached, since = -1, monotonic()
        # The position passes the markers of transactions, offsets of records do not.
        while (at := await consumer.position(tp)) < end:
            progress(at, end)
            if at > reached:
                reached, since = at, monotonic()
            elif monotonic() > since + timing.STALLED_SECONDS:
                raise KafkaTimeoutError(f"{tp.topic}[{tp.partition}] is read to {at} of {end}, and no further")
            for found in (await consumer.getmany(tp, timeout_ms=200)).values():
                for record in found:
                    take(record.key, record.value)
        progress(end, end)


async def unread(
    committed: LogReader, ends: Mapping[TopicPartition, int], seconds: float = 0.0
) -> frozenset[TopicPartition]:
    """Where readers of what is committed do not get as far as `ends`, though they are given so long to."""
    deadline = monotonic() + seconds
    while True:
        stable = await committed.ends(ends)
        left = frozenset(place for place, end in ends.items() if stable[place] < end)
        if not left or monotonic() >= deadline:
            return left
        await asyncio.sleep(_POLL_SECONDS)
