"""Recovery of a partition of a feed: fence the former owner, end a hanging transaction, read the stored progress.

Other producers write to the same topics all the time. Most open transactions are theirs, and end in a moment.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError
from faust.types import TP

from schemas.events import Clock
from schemas.instants import parse_instant, to_datetime
from streams.config.feeds import Feed
from streams.engine.log_reader import LogReader, ProgressCallback
from streams.engine.recovery import HEAL_KEY, fenced, log_ends, partition_names, unstable_partitions
from streams.engine.timing import TIMING, Timing
from streams.engine.transaction import TransactionWriter
from streams.intake.state import AdapterFunction, FeedProgress, FeedState, decode_progress, progress_key
from streams.kafka.topics import EVENTS, INTAKE, NEEDS_FETCH, REJECTS, intake_id
from streams.records import OutputRecord

log = logging.getLogger("promises")

_PROGRESS: Final = TopicPartition(INTAKE.name, 0)
"""The partition that holds the stored progress of all feeds."""

_LONG_AGO: Final = parse_instant("2000-01-01T00:00:00Z")


@dataclass(frozen=True, slots=True)
class FeedRecovery:
    """The recovery of partitions of feeds.

    client: how to reach Kafka. feeds, adapters: by topic. partition_counts: the number of partitions of each topic that
    intake writes to.
    """

    client: Mapping[str, Any]
    feeds: Mapping[str, Feed]
    adapters: Mapping[str, AdapterFunction]
    partition_counts: Mapping[str, int]
    timing: Timing = TIMING

    async def recover(self, tp: TP, progress: ProgressCallback) -> tuple[FeedState, TransactionWriter]:
        """Return the stored state of a partition, and the one producer that may write for it from now on.

        Raises KafkaError, UnknownFeedProgress.
        """
        writer = TransactionWriter(
            client=self.client, changelog=_PROGRESS, transactional_id=intake_id(*tp), timing=self.timing
        )
        async with fenced(writer, self.client, self.timing) as committed:
            await self._wait_for_open_transactions(tp, writer, committed)
            return await self._read(tp, committed, progress), writer

    async def _wait_for_open_transactions(self, tp: TP, writer: TransactionWriter, committed: LogReader) -> None:
        """Wait until everything that was written before is committed or aborted."""
        ends = await log_ends(self.client, [_PROGRESS, *self._outputs()], self.timing)
        patience = self.timing.foreign_transaction_seconds
        still_open = await unstable_partitions(committed, ends, patience, self.timing)
        if not still_open:
            return
        # If it is ours and Kafka lost its marker, our next commit ends it. Readers ignore the records written for that.
        log.info("%s[%d]: ending a possibly hanging transaction in %s", *tp, partition_names(still_open))
        heal = [(HEAL_KEY, None)] if _PROGRESS in still_open else []
        await writer.write(heal, [_empty_record(output) for output in still_open if output != _PROGRESS])
        patience += self.timing.transaction_ms / 1000
        if await unstable_partitions(committed, {_PROGRESS: ends[_PROGRESS]}, patience, self.timing):
            raise KafkaTimeoutError(
                f"{INTAKE.name} has a transaction that does not end; if that continues, find and abort it with "
                "kafka-transactions.sh find-hanging"
            )

    def _outputs(self) -> list[TopicPartition]:
        topics = EVENTS.name, REJECTS.name, NEEDS_FETCH.name
        return [TopicPartition(topic, number) for topic in topics for number in range(self.partition_counts[topic])]

    async def _read(self, tp: TP, committed: LogReader, progress: ProgressCallback) -> FeedState:
        begin, end = await committed.bounds(TopicPartition(*tp))
        own_key, values = progress_key(*tp), list[bytes | None]()
        await committed.read(_PROGRESS, progress, lambda key, value: values.append(value) if key == own_key else None)
        stored = values[-1] if values else None
        state = FeedState(
            feed=self.feeds[tp.topic],
            partition=tp.partition,
            adapt=self.adapters[tp.topic],
            progress=decode_progress(stored) if stored is not None else FeedProgress(),
        )
        before, lost = state.next, state.fit_topic(begin, end)
        if lost:
            log.error("%s[%d]: the topic dropped %d unread records from offset %d on", *tp, lost, before)
        elif state.next < before:
            log.warning(
                "%s[%d] was recreated: it ends at %d but was read to %d; reading it from the start", *tp, end, before
            )
        return state


def _empty_record(output: TopicPartition) -> OutputRecord:
    """Return a record that every reader of the topic ignores."""
    if output.topic != EVENTS.name:
        return OutputRecord(output.topic, HEAL_KEY, None, partition=output.partition)
    clock = msgspec.json.encode(Clock(source="promises", at=to_datetime(_LONG_AGO)))
    return OutputRecord(output.topic, None, clock, partition=output.partition, timestamp=_LONG_AGO)
