"""While one step is being written the book goes on; all that happens meanwhile is the next step."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.errors import KafkaConnectionError

from streams.engine import timing
from streams.engine.committer import Committer
from streams.kafka.topics import REJECTS, VERDICTS
from streams.metrics.exposition import COMMIT_BOUNDS, CommitTimes
from streams.records import OutputRecord
from streams.state.changelog import Contents
from streams.state.partition import PartitionState
from tests.engine.running import run
from tests.engine.stand_in import Paper, Pen, a_while
from tests.histories import READY, at, order
from tests.state.partitions import FOREVER, record

pytestmark = pytest.mark.usefixtures("hurry")


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """One step follows the other at once."""
    monkeypatch.setattr(timing, "COMMIT_SECONDS", 0.0)


class Shop:
    """A ledger, the pen that it writes with, and the paper."""

    def __init__(self) -> None:
        self.paper, self.commits, self.lost = Paper(), CommitTimes(), list[Committer[PartitionState]]()
        self.pen: Pen = self.paper.pen()
        self.ledger = Committer(PartitionState(READY), self.pen, self.lost.append, self.commits)

    def takes(self, *cases: str) -> None:
        """For each of these an order arrives, and something is said of it."""
        book = self.ledger.book
        for case in cases:
            told = order(case).promised("ready", due="12:40", time="12:00")
            book.apply(record(told.events[0], at("12:00")), FOREVER)
            book.next += 1
        self.ledger.note([said(case) for case in cases])


def said(case: str) -> OutputRecord:
    return OutputRecord(VERDICTS.name, case.encode(), b"open")


def test_what_is_noted_while_a_step_is_written_is_the_next_step_and_nothing_is_durable_before() -> None:
    async def story() -> None:
        shop = Shop()
        ledger = shop.ledger
        shop.pen.hold()
        shop.takes("o1")
        await a_while()
        shop.takes("o2")
        shop.takes("o3", "o4")
        await a_while()
        assert (ledger.next, ledger.durable, shop.pen.under_way) == (4, 0, 1)
        shop.pen.let_go()
        await ledger.flush()
        assert [[message.key for message in step.said] for step in shop.paper.steps] == [[b"o1"], [b"o2", b"o3", b"o4"]]
        assert [{key for key in step.changes if key[:1] == b"c"} for step in shop.paper.steps] == [
            {b"co1"},
            {b"co2", b"co3", b"co4"},
        ]
        assert (ledger.next, ledger.durable, ledger.steps) == (4, 4, 2)
        await ledger.close()

    run(story())


def test_durable_is_what_the_last_step_that_was_written_holds() -> None:
    async def story() -> None:
        shop = Shop()
        ledger = shop.ledger
        for number in range(5):
            shop.pen.hold()
            shop.takes(f"o{number}")
            await a_while()
            assert (ledger.durable, ledger.next) == (number, number + 1)
            shop.pen.let_go()
            await ledger.flush()
            assert PartitionState.restored(READY, Contents(shop.paper.records)).next == ledger.durable == ledger.next
        await ledger.close()
        assert [message.key for message in shop.paper.said] == [b"o0", b"o1", b"o2", b"o3", b"o4"]

    run(story())


def test_that_time_passes_is_not_written() -> None:
    async def story() -> None:
        shop = Shop()
        shop.ledger.book.advance(at("12:00"), FOREVER)
        shop.ledger.note([])
        await shop.ledger.flush()
        await shop.ledger.close()
        assert shop.paper.steps == []

    run(story())


def test_a_book_whose_reading_was_all_refused_still_moves_on() -> None:
    async def story() -> None:
        shop = Shop()
        shop.ledger.book.next = 7
        shop.ledger.note([OutputRecord(REJECTS.name, None, b"{")])
        await shop.ledger.flush()
        await shop.ledger.close()
        assert PartitionState.restored(READY, Contents(shop.paper.records)).next == shop.ledger.durable == 7
        assert len(shop.paper.said) == 1

    run(story())


@pytest.mark.parametrize("refused", [False, True])
def test_reading_waits_while_too_much_is_unwritten(refused: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "DIRTY_RECORDS", 20)

    async def story() -> None:
        shop = Shop()
        shop.pen.hold()
        shop.takes("o1")
        await a_while()
        if refused:
            shop.ledger.note([OutputRecord(REJECTS.name, None, b"{")] * 21)
        else:
            shop.takes(*(f"o{number}" for number in range(21)))
        waiting = asyncio.create_task(shop.ledger.room())
        await a_while()
        assert not waiting.done()
        shop.pen.let_go()
        await waiting
        await shop.ledger.flush()
        await shop.ledger.close()

    run(story())


async def two_who_wait(shop: Shop) -> list[asyncio.Task[None]]:
    """One for room, one for the end, behind a step that is being written."""
    shop.pen.hold()
    shop.takes("o1")
    await a_while()
    shop.takes("o2")
    waiting = [asyncio.create_task(shop.ledger.room()), asyncio.create_task(shop.ledger.flush())]
    await a_while()
    return waiting


def test_nobody_waits_for_a_ledger_that_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "DIRTY_RECORDS", 0)

    async def story() -> None:
        shop = Shop()
        waiting = await two_who_wait(shop)
        shop.pen.breaks = KafkaConnectionError("the line is dead")
        shop.pen.let_go()
        await asyncio.gather(*waiting)
        assert shop.lost == [shop.ledger]
        assert shop.ledger.lost is shop.pen.breaks
        assert (shop.ledger.durable, shop.ledger.steps, shop.paper.steps) == (0, 0, [])
        await shop.ledger.close()
        assert shop.pen.is_stopped

    run(story())


def test_nobody_waits_for_a_ledger_that_was_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "DIRTY_RECORDS", 0)

    async def story() -> None:
        shop = Shop()
        waiting = await two_who_wait(shop)
        await shop.ledger.close()
        await asyncio.gather(*waiting)
        assert (shop.pen.is_stopped, shop.lost, shop.paper.steps) == (True, [], [])

    run(story())


def test_a_step_after_a_pause_is_written_at_once_and_the_next_one_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "COMMIT_SECONDS", 3600.0)

    async def story() -> None:
        shop = Shop()
        shop.takes("o1")
        await shop.ledger.flush()
        shop.takes("o2")
        shop.takes("o3")
        await a_while()
        assert (shop.ledger.next, shop.ledger.durable) == (3, 1)
        await shop.ledger.close()

    run(story())


def test_every_step_is_counted_with_the_time_that_it_took() -> None:
    async def story() -> None:
        shop = Shop()
        for number in range(3):
            shop.takes(f"o{number}")
            await shop.ledger.flush()
        await shop.ledger.close()
        assert sum(shop.commits.counts) == 3
        assert shop.commits.seconds > 0

    run(story())


def test_a_bound_holds_what_takes_just_so_long() -> None:
    commits = CommitTimes()
    for seconds in (*COMMIT_BOUNDS, 0.0, 99.0):
        commits.observe(seconds)
    assert commits.counts == [2, *(1 for _ in COMMIT_BOUNDS[1:]), 1]
