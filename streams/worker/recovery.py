"""Taking over a partition: fence the former owner, heal what a broker lost, read the changelog, continue after it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition
from faust.types import TP

from schemas.instants import Millis
from streams.engine import timing
from streams.engine.log_reader import LogReader, Progress, unread
from streams.engine.transaction import TransactionWriter
from streams.errors import FatalError
from streams.judging.locations import FeedLookup
from streams.judging.policy import Policies
from streams.kafka.topics import ALERTS, CHANGELOG, EVENTS, REJECTS, VERDICTS, transactional_id
from streams.records import OutputRecord
from streams.state.changelog import Contents
from streams.state.partition import PartitionState

log = logging.getLogger("promises")

WRITTEN = (CHANGELOG, VERDICTS, ALERTS, REJECTS)
"""The topics that a partition's writer writes to."""

_SHARED = {REJECTS.name}
"""Those to which intake writes, too: what is open there may be its own, and ends by itself."""

HEAL = b"\0heal"
"""Key of a record that says nothing: its transaction ends one that hangs."""


class WrongChangelog(FatalError):
    """What Kafka holds does not fit what was judged; the message says what, where and what to do."""


@dataclass(frozen=True, slots=True)
class PartitionRecovery:
    """Opens partitions. client: how to reach Kafka.

    is_exact: in transactions; without them nobody is fenced and nothing can hang. retention: of closed cases.
    feeds: that locations wait for.
    """

    client: Mapping[str, Any]
    policies: Policies
    is_exact: bool
    retention: Millis | None = None
    feeds: FeedLookup = field(default_factory=dict)

    async def open(self, tp: TP, progress: Progress) -> tuple[PartitionState, TransactionWriter]:
        """The book of a partition of promise.events as its changelog has it, and the one producer that may write for
        it from now on.

        Raises KafkaError, WrongChangelog, UnknownPolicy.
        """
        partition = tp.partition
        name = transactional_id(partition) if self.is_exact else None
        writer = TransactionWriter(self.client, TopicPartition(CHANGELOG.name, partition), name)
        try:
            await writer.start()  # fences, so it comes before the end of the changelog is asked for
            async with LogReader(self.client, "read_committed") as committed:
                if self.is_exact:
                    await self._heal(partition, writer, committed)
                return await self._read(partition, committed, progress), writer
        except BaseException:
            await writer.stop()
            raise

    async def _heal(self, partition: int, writer: TransactionWriter, committed: LogReader) -> None:
        tps = [TopicPartition(topic.name, partition) for topic in WRITTEN]
        async with LogReader(self.client, "read_uncommitted") as whole:
            ends = await whole.ends(tps)
        hanging = await unread(committed, ends)
        if hanging and {tp.topic for tp in hanging} <= _SHARED:
            hanging = await unread(committed, {tp: ends[tp] for tp in hanging}, timing.SETTLE_SECONDS)
        if not hanging:
            return
        log.warning("partition %d: ending what hangs in %s, as if Kafka had lost its end", partition, _names(hanging))
        await writer.write([(HEAL, None)], [OutputRecord(tp.topic, HEAL, None) for tp in tps[1:]])
        mine = {tp: end for tp, end in ends.items() if tp.topic not in _SHARED}
        if hanging := await unread(committed, mine, timing.SETTLE_SECONDS):
            raise WrongChangelog(
                f"{_names(hanging)} of {self._where()} has a transaction that never ends: find and abort it with "
                f"kafka-transactions.sh find-hanging"
            )

    async def _read(self, partition: int, committed: LogReader, progress: Progress) -> PartitionState:
        changelog, events = (TopicPartition(topic.name, partition) for topic in (CHANGELOG, EVENTS))
        written = Contents()
        await committed.read(changelog, progress, written.add)
        book = PartitionState.restored(self.policies, written, self.retention, self.feeds)
        begin, end = (await committed.begins([events]))[events], (await committed.ends([events]))[events]
        if not written:
            book.next = begin
        if not begin <= book.next <= end:
            raise WrongChangelog(
                f"{EVENTS.name}[{partition}] of {self._where()} holds offsets {begin} to {end}, but the book in "
                f"{CHANGELOG.name} continues at {book.next}: the topic was trimmed or made anew. To judge from what is "
                f"left, stop all workers and delete {CHANGELOG.name} too"
            )
        return book

    def _where(self) -> str:
        return str(self.client["bootstrap_servers"])


def _names(tps: Iterable[TopicPartition]) -> str:
    return ", ".join(f"{tp.topic}[{tp.partition}]" for tp in tps)
