"""Taking over a partition of a feed: fence the former owner, heal what a broker lost, then ask how far it was read.

Others write to the same topics all the time, so what is open there is mostly theirs, and ends in a moment.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError
from faust.types import TP

from schemas.events import Clock
from schemas.instants import parse_instant, to_datetime
from streams.config.feeds import Feed
from streams.engine import timing
from streams.engine.log_reader import LogReader, Progress, unread
from streams.engine.transaction import TransactionWriter
from streams.intake.state import AdapterFunction, FeedProgress, FeedState, key_of, standing
from streams.kafka.topics import EVENTS, INTAKE, NEEDS_FETCH, REJECTS, intake_id
from streams.records import OutputRecord
from streams.worker.recovery import HEAL

log = logging.getLogger("promises")

_STANDINGS: Final = TopicPartition(INTAKE.name, 0)
_LONG_AGO: Final = parse_instant("2000-01-01T00:00:00Z")


@dataclass(frozen=True, slots=True)
class FeedRecovery:
    """Opens partitions of feeds' topics. client: how to reach Kafka. feeds, adapters: by topic. partitions: how many
    each topic has that is written to."""

    client: Mapping[str, Any]
    feeds: Mapping[str, Feed]
    adapters: Mapping[str, AdapterFunction]
    partitions: Mapping[str, int]

    async def open(self, tp: TP, progress: Progress) -> tuple[FeedState, TransactionWriter]:
        """The book of a partition as it was last written, and the one producer that may write for it from now on.

        Raises KafkaError, UnknownStanding.
        """
        writer = TransactionWriter(self.client, _STANDINGS, intake_id(*tp))
        try:
            await writer.start()  # fences, so it comes before anything is asked
            async with LogReader(self.client, "read_committed") as committed:
                await self._settle(tp, writer, committed)
                return await self._read(tp, committed, progress), writer
        except BaseException:
            await writer.stop()
            raise

    async def _settle(self, tp: TP, writer: TransactionWriter, committed: LogReader) -> None:
        """Wait until all that was written before is either there to be read or taken back."""
        async with LogReader(self.client, "read_uncommitted") as whole:
            ends = await whole.ends([_STANDINGS, *self._outputs()])
        open_still = await unread(committed, ends, timing.SETTLE_SECONDS)
        if not open_still:
            return
        # Ours, if Kafka lost its end: any commit of ours ends it. Somebody else's is not touched by what says nothing.
        log.info("%s[%d]: ending what may hang in %s", *tp, _names(open_still))
        heal = [(HEAL, None)] if _STANDINGS in open_still else []
        await writer.write(heal, [_saying_nothing(place) for place in open_still if place != _STANDINGS])
        patience = timing.TRANSACTION_MS / 1000 + timing.SETTLE_SECONDS
        if await unread(committed, {_STANDINGS: ends[_STANDINGS]}, patience):
            raise KafkaTimeoutError(
                f"{INTAKE.name} has a transaction that does not end; where that goes on, find and abort it with "
                "kafka-transactions.sh find-hanging"
            )

    def _outputs(self) -> list[TopicPartition]:
        topics = EVENTS.name, REJECTS.name, NEEDS_FETCH.name
        return [TopicPartition(topic, number) for topic in topics for number in range(self.partitions[topic])]

    async def _read(self, tp: TP, committed: LogReader, progress: Progress) -> FeedState:
        place = TopicPartition(*tp)
        begin, end = (await committed.begins([place]))[place], (await committed.ends([place]))[place]
        mine, found = key_of(*tp), list[bytes | None]()
        await committed.read(_STANDINGS, progress, lambda key, value: found.append(value) if key == mine else None)
        stored = found[-1] if found else None
        counts = standing(stored) if stored is not None else FeedProgress()
        book = FeedState(self.feeds[tp.topic], tp.partition, self.adapters[tp.topic], counts)
        before, lost = book.next, book.fit(begin, end)
        if lost:
            log.error("%s[%d]: %d records from offset %d on were dropped before they were read", *tp, lost, before)
        elif book.next < before:
            log.warning("%s[%d] was made anew: it ends at %d and was read to %d; read from the start", *tp, end, before)
        return book


def _saying_nothing(place: TopicPartition) -> OutputRecord:
    """A record that nobody minds."""
    if place.topic != EVENTS.name:
        return OutputRecord(place.topic, HEAL, None, partition=place.partition)
    clock = msgspec.json.encode(Clock(source="promises", at=to_datetime(_LONG_AGO)))
    return OutputRecord(place.topic, None, clock, partition=place.partition, timestamp=_LONG_AGO)


def _names(places: Iterable[TopicPartition]) -> str:
    return ", ".join(f"{place.topic}[{place.partition}]" for place in sorted(places))
