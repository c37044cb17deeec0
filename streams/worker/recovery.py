"""Recovery of a partition: fence the former owner, end a hanging transaction, read the changelog, continue after it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition
from faust.types import TP

from schemas.instants import Millis
from streams.engine.log_reader import LogReader, ProgressCallback
from streams.engine.recovery import HEAL_KEY, WrongChangelog, fenced, log_ends, partition_names, unstable_partitions
from streams.engine.timing import TIMING, Timing
from streams.engine.transaction import TransactionWriter
from streams.judging.locations import FeedLookup
from streams.judging.policy import Policies
from streams.kafka.topics import ALERTS, CHANGELOG, EVENTS, REJECTS, VERDICTS, transactional_id
from streams.records import OutputRecord
from streams.state.changelog import Contents
from streams.state.partition import PartitionState

log = logging.getLogger("promises")

WRITTEN_TOPICS = (CHANGELOG, VERDICTS, ALERTS, REJECTS)
"""The topics that the writer of a partition writes to."""

_SHARED = {REJECTS.name}
"""The topics that intake writes to as well. An open transaction there may be its own, and ends by itself."""


@dataclass(frozen=True, slots=True)
class PartitionRecovery:
    """The recovery of partitions of promise.events.

    client: how to reach Kafka. is_exact: whether to write in transactions; without them nothing is fenced, and nothing
    can hang. retention: the time to keep closed cases. feeds: the feeds that locations wait for.
    """

    client: Mapping[str, Any]
    policies: Policies
    is_exact: bool
    retention: Millis | None = None
    feeds: FeedLookup = field(default_factory=dict)
    timing: Timing = TIMING

    async def recover(self, tp: TP, progress: ProgressCallback) -> tuple[PartitionState, TransactionWriter]:
        """Return the state of a partition from its changelog, and the one producer that may write for it from now on.

        Raises KafkaError, WrongChangelog, UnknownPolicy.
        """
        partition = tp.partition
        name = transactional_id(partition) if self.is_exact else None
        writer = TransactionWriter(
            client=self.client,
            changelog=TopicPartition(CHANGELOG.name, partition),
            transactional_id=name,
            timing=self.timing,
        )
        async with fenced(writer, self.client, self.timing) as committed:
            if self.is_exact:
                await self._end_hanging(partition, writer, committed)
            return await self._read(partition, committed, progress), writer

    async def _end_hanging(self, partition: int, writer: TransactionWriter, committed: LogReader) -> None:
        """End a transaction of a former owner whose end Kafka has lost."""
        tps = [TopicPartition(topic.name, partition) for topic in WRITTEN_TOPICS]
        ends = await log_ends(self.client, tps, self.timing)
        patience = self.timing.foreign_transaction_seconds
        hanging = await unstable_partitions(committed, ends)
        if hanging and {tp.topic for tp in hanging} <= _SHARED:
            hanging = await unstable_partitions(committed, {tp: ends[tp] for tp in hanging}, patience, self.timing)
        if not hanging:
            return
        log.warning("partition %d: ending a hanging transaction in %s", partition, partition_names(hanging))
        await writer.write([(HEAL_KEY, None)], [OutputRecord(tp.topic, HEAL_KEY, None) for tp in tps[1:]])
        own = {tp: end for tp, end in ends.items() if tp.topic not in _SHARED}
        if hanging := await unstable_partitions(committed, own, patience, self.timing):
            raise WrongChangelog(
                f"{partition_names(hanging)} of {self._cluster()} has a transaction that never ends: find and abort it "
                f"with kafka-transactions.sh find-hanging"
            )

    async def _read(self, partition: int, committed: LogReader, progress: ProgressCallback) -> PartitionState:
        changelog, events = (TopicPartition(topic.name, partition) for topic in (CHANGELOG, EVENTS))
        contents = Contents()
        await committed.read(changelog, progress, contents.add)
        state = PartitionState.restored(self.policies, contents, self.retention, self.feeds)
        begin, end = await committed.bounds(events)
        if not contents:
            state.next = begin
        if not begin <= state.next <= end:
            raise WrongChangelog(
                f"{EVENTS.name}[{partition}] of {self._cluster()} holds offsets {begin} to {end}, but its state in "
                f"{CHANGELOG.name} continues at {state.next}: the topic was trimmed or recreated. To judge from what "
                f"is left, stop all workers and delete {CHANGELOG.name} too"
            )
        return state

    def _cluster(self) -> str:
        return str(self.client["bootstrap_servers"])
