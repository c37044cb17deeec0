"""The parts of a recovery that all processes share: fencing the former owner, and finding hanging transactions.

A lone broker that is stopped under load can acknowledge the end of a transaction and lose the marker that ends it.
Readers of committed records then see nothing of that transaction, and nothing behind it, until the next transaction of
the same producer. It shows in two offsets that must be equal once no other producer writes: the last stable offset and
the end of the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, Final

from aiokafka import TopicPartition

from streams.engine.log_reader import LogReader
from streams.engine.timing import TIMING, Timing
from streams.engine.transaction import TransactionWriter
from streams.errors import FatalError

HEAL_KEY: Final = b"\0heal"
"""The key of a record without a value, which readers skip. The transaction that writes it ends one that hangs."""


class WrongChangelog(FatalError):
    """The contents of Kafka do not fit together. The message says what is wrong, where, and what to do."""


@asynccontextmanager
async def fenced(
    writer: TransactionWriter, client: Mapping[str, Any], timing: Timing = TIMING
) -> AsyncIterator[LogReader]:
    """Start the writer, which fences the former owner, and yield a reader of committed records.

    The writer goes on after the block; an error in the block stops it. Raises aiokafka's KafkaError.
    """
    try:
        await writer.start()  # before any offset is asked for: from now on the former owner cannot write
        async with LogReader(client, "read_committed", timing) as committed:
            yield committed
    except BaseException:
        await writer.stop()
        raise


async def log_ends(
    client: Mapping[str, Any], tps: Iterable[TopicPartition], timing: Timing = TIMING
) -> dict[TopicPartition, int]:
    """Return the end of each log, including records of open transactions."""
    async with LogReader(client, "read_uncommitted", timing) as log:
        return await log.end_offsets(tps)


async def unstable_partitions(
    committed: LogReader, ends: Mapping[TopicPartition, int], seconds: float = 0.0, timing: Timing = TIMING
) -> frozenset[TopicPartition]:
    """Return the partitions where an open transaction keeps readers from reaching `ends`, after waiting so long."""
    deadline = monotonic() + seconds
    while True:
        stable = await committed.end_offsets(ends)
        unstable = frozenset(tp for tp, end in ends.items() if stable[tp] < end)
        if not unstable or monotonic() >= deadline:
            return unstable
        await asyncio.sleep(timing.unstable_poll_seconds)


def partition_names(tps: Iterable[TopicPartition]) -> str:
    """Return the partitions as text, such as `promise.events[3], promise.events[7]`."""
    return ", ".join(f"{tp.topic}[{tp.partition}]" for tp in sorted(tps))
