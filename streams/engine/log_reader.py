"""A reader of single partitions, from the beginning to the end, outside any consumer group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import Any, Literal

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaTimeoutError

from streams.engine.timing import TIMING, Timing

ProgressCallback = Callable[[int, int], None]
"""A callback for the progress of a read: the offset reached, and the offset where it ends."""

RecordHandler = Callable[[bytes, bytes | None], None]
"""A callback for the key and value of a record. Without a value, the value under that key is deleted."""


class LogReader:
    """A reader of single partitions. Use it in an `async with`."""

    def __init__(
        self,
        client: Mapping[str, Any],
        isolation: Literal["read_committed", "read_uncommitted"],
        timing: Timing = TIMING,
    ) -> None:
        self._timing = timing
        self._reader = AIOKafkaConsumer(
            **client,
            isolation_level=isolation,
            enable_auto_commit=False,
            max_partition_fetch_bytes=timing.changelog_batch_bytes // 4,
            fetch_max_wait_ms=timing.fetch_wait_ms,
            request_timeout_ms=timing.request_ms,
            retry_backoff_ms=timing.retry_ms,  # aiokafka waits once for each topic that it does not know yet
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

    async def end_offsets(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the end of each partition: the last stable offset for read_committed, else the log end offset."""
        return dict(await self._reader.end_offsets(list(tps)))

    async def bounds(self, tp: TopicPartition) -> tuple[int, int]:
        """Return the offset of the first record that the partition still holds, and the end."""
        begin = await self._reader.beginning_offsets([tp])
        return begin[tp], (await self.end_offsets([tp]))[tp]

    async def read(self, tp: TopicPartition, progress: ProgressCallback, handle: RecordHandler) -> None:
        """Pass every record from the beginning to the end to `handle`. Raises KafkaTimeoutError without progress."""
        consumer = self._reader
        consumer.assign([tp])
        await consumer.seek_to_beginning(tp)
        end = (await self.end_offsets([tp]))[tp]
        reached, since = -1, monotonic()
        # The position moves past the markers of transactions; the offsets of records do not.
        while (position := await consumer.position(tp)) < end:
            progress(position, end)
            if position > reached:
                reached, since = position, monotonic()
            elif monotonic() > since + self._timing.stalled_seconds:
                raise KafkaTimeoutError(f"reading {tp.topic}[{tp.partition}] stalled at offset {position} of {end}")
            for records in (await consumer.getmany(tp, timeout_ms=200)).values():
                for record in records:
                    handle(record.key, record.value)
        progress(end, end)
