"""Kafka and the consumer group as the shelf of one worker meets them, at its two seams."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from faust.types import TP

from streams.engine.partitions import Partitions
from streams.judging.locations import FeedLookup
from streams.judging.policy import Policies
from streams.kafka.topics import EVENTS, VERDICTS
from streams.records import OutputRecord
from streams.state.changelog import Contents
from streams.state.partition import PartitionState
from tests.engine.stand_in import Paper, Pen
from tests.histories import READY, at, order
from tests.state.partitions import FOREVER, record

SHOP, KIOSK, MARKET = (TP(EVENTS.name, partition) for partition in range(3))


@dataclass
class Town:
    """Kafka and the group as this worker's shelf meets them. errors: what the next openings run into."""

    ours: bool = True
    policies: Policies = READY
    feeds: FeedLookup = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)
    opened: list[int] = field(default_factory=list)
    reread_: list[TP] = field(default_factory=list)
    asked: list[tuple[TP, int]] = field(default_factory=list)
    hopeless: list[Exception] = field(default_factory=list)
    papers: dict[int, Paper] = field(default_factory=dict)
    breaks: Exception | None = None

    def __post_init__(self) -> None:
        self.shelf = Partitions(self, self, self.hopeless.append)

    async def open(self, tp: TP, progress: Callable[[int, int], None]) -> tuple[PartitionState, Pen]:
        partition = tp.partition
        self.opened.append(partition)
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
        paper = self.papers.setdefault(partition, Paper())
        progress(3, 7)
        assert self.shelf.recovering[tp] == (3, 7)
        pen = paper.pen()
        pen.breaks = self.breaks
        return PartitionState.restored(self.policies, Contents(paper.records), feeds=self.feeds), pen

    async def still_owns(self, tp: TP, offset: int) -> bool:
        await asyncio.sleep(0)
        self.asked.append((tp, offset))
        return self.ours

    def reread(self, tp: TP) -> None:
        self.reread_.append(tp)

    def pen(self, tp: TP) -> Pen:
        pen = self.papers[tp.partition].owner
        assert pen is not None
        return pen

    def takes(self, tp: TP, case: str) -> None:
        """An order arrives there."""
        ledger = self.shelf[tp]
        told = order(case).promised("ready", due="12:40", time="12:00")
        ledger.book.apply(record(told.events[0], at("12:00")), FOREVER)
        ledger.book.next += 1
        ledger.note([OutputRecord(VERDICTS.name, case.encode(), b"open")])
