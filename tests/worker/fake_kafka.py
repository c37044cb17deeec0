"""Kafka and the consumer group, as the partitions of one worker see them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from faust.types import TP

from streams.engine.partitions import Partitions
from streams.engine.timing import Timing
from streams.judging.locations import FeedLookup
from streams.judging.policy import Policies
from streams.kafka.topics import EVENTS, VERDICTS
from streams.records import OutputRecord
from streams.state.changelog import Contents
from streams.state.partition import PartitionState
from tests.engine.fake_writer import FakeWriter, WrittenLog
from tests.histories import READY, at, order
from tests.state.partitions import FOREVER, record

SHOP, KIOSK, MARKET = (TP(EVENTS.name, partition) for partition in range(3))

FAST = Timing(commit_seconds=0.0, retry_recovery_seconds=0.0, flush_seconds=0.05)
"""Timing with moments instead of seconds."""


@dataclass
class FakeKafka:
    """The recovery and the group control of one worker.

    is_owner: the answer of the group to the question whether this worker still owns a partition.
    recovery_errors: the errors of the next recoveries. write_error: the error of every write.
    recovered, ownership_checks, rereads, fatal: the calls so far.
    """

    is_owner: bool = True
    policies: Policies = READY
    feeds: FeedLookup = field(default_factory=dict)
    timing: Timing = FAST
    recovery_errors: list[Exception] = field(default_factory=list)
    write_error: Exception | None = None
    logs: dict[int, WrittenLog] = field(default_factory=dict)
    recovered: list[int] = field(default_factory=list)
    ownership_checks: list[tuple[TP, int]] = field(default_factory=list)
    rereads: list[TP] = field(default_factory=list)
    fatal: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.partitions = Partitions(self, self, self.fatal.append, self.timing)

    async def recover(self, tp: TP, progress: Callable[[int, int], None]) -> tuple[PartitionState, FakeWriter]:
        partition = tp.partition
        self.recovered.append(partition)
        await asyncio.sleep(0)
        if self.recovery_errors:
            raise self.recovery_errors.pop(0)
        log = self.logs.setdefault(partition, WrittenLog())
        progress(3, 7)
        assert self.partitions.recovering[tp] == (3, 7)
        writer = log.new_writer()
        writer.error = self.write_error
        return PartitionState.restored(self.policies, Contents(log.records), feeds=self.feeds), writer

    async def still_owns(self, tp: TP, offset: int) -> bool:
        await asyncio.sleep(0)
        self.ownership_checks.append((tp, offset))
        return self.is_owner

    def reread(self, tp: TP) -> None:
        self.rereads.append(tp)

    def writer(self, tp: TP) -> FakeWriter:
        writer = self.logs[tp.partition].owner
        assert writer is not None
        return writer

    def apply_order(self, tp: TP, case: str) -> None:
        """Apply the event of a new order to the state of the partition, with one output."""
        committer = self.partitions[tp]
        story = order(case).promised("ready", due="12:40", time="12:00")
        committer.state.apply(record(story.events[0], at("12:00")), FOREVER)
        committer.state.next += 1
        committer.add([OutputRecord(VERDICTS.name, case.encode(), b"open")])
