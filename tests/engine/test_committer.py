"""While a transaction is being written the state goes on; all that changes meanwhile is the next transaction."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.errors import KafkaConnectionError

from streams.engine.committer import Committer
from streams.engine.timing import Timing
from streams.kafka.topics import REJECTS, VERDICTS
from streams.metrics.exposition import COMMIT_BOUNDS, CommitTimes
from streams.records import OutputRecord
from streams.state.changelog import Contents
from streams.state.partition import PartitionState
from tests.engine.fake_writer import FakeWriter, WrittenLog, let_tasks_run
from tests.engine.running import run
from tests.histories import READY, at, order
from tests.state.partitions import FOREVER, record


class Shop:
    """A committer with the log that it writes. By default one transaction follows the other at once."""

    def __init__(self, *, commit_seconds: float = 0.0, dirty_records: int = 50_000) -> None:
        self.log, self.commits, self.lost = WrittenLog(), CommitTimes(), list[Committer[PartitionState]]()
        self.writer: FakeWriter = self.log.new_writer()
        timing = Timing(commit_seconds=commit_seconds, dirty_records=dirty_records)
        self.committer = Committer(PartitionState(READY), self.writer, self.lost.append, self.commits, timing)

    def apply_orders(self, *cases: str) -> None:
        """Apply the event of a new order for each of these cases, with one output each."""
        state = self.committer.state
        for case in cases:
            story = order(case).promised("ready", due="12:40", time="12:00")
            state.apply(record(story.events[0], at("12:00")), FOREVER)
            state.next += 1
        self.committer.add([OutputRecord(VERDICTS.name, case.encode(), b"open") for case in cases])

    def restored(self) -> PartitionState:
        """The state as the next owner would have it."""
        return PartitionState.restored(READY, Contents(self.log.records))


def test_changes_during_a_transaction_are_the_next_one_and_nothing_is_durable_before() -> None:
    async def story() -> None:
        shop = Shop()
        committer = shop.committer
        shop.writer.block()
        shop.apply_orders("o1")
        await let_tasks_run()
        shop.apply_orders("o2")
        shop.apply_orders("o3", "o4")
        await let_tasks_run()
        assert (committer.next, committer.durable, shop.writer.pending) == (4, 0, 1)
        shop.writer.release()
        await committer.flush()
        assert [[output.key for output in step.outputs] for step in shop.log.steps] == [[b"o1"], [b"o2", b"o3", b"o4"]]
        assert [{key for key in step.changes if key[:1] == b"c"} for step in shop.log.steps] == [
            {b"co1"},
            {b"co2", b"co3", b"co4"},
        ]
        assert (committer.next, committer.durable, committer.steps) == (4, 4, 2)
        await committer.close()

    run(story())


def test_the_durable_offset_is_that_of_the_last_transaction_written() -> None:
    async def story() -> None:
        shop = Shop()
        committer = shop.committer
        for number in range(5):
            shop.writer.block()
            shop.apply_orders(f"o{number}")
            await let_tasks_run()
            assert (committer.durable, committer.next) == (number, number + 1)
            shop.writer.release()
            await committer.flush()
            assert shop.restored().next == committer.durable == committer.next
        await committer.close()
        assert [output.key for output in shop.log.outputs] == [b"o0", b"o1", b"o2", b"o3", b"o4"]

    run(story())


def test_the_passage_of_time_alone_is_not_written() -> None:
    async def story() -> None:
        shop = Shop()
        shop.committer.state.advance(at("12:00"), FOREVER)
        shop.committer.add([])
        await shop.committer.flush()
        await shop.committer.close()
        assert shop.log.steps == []

    run(story())


def test_the_offset_is_written_even_if_all_records_were_refused() -> None:
    async def story() -> None:
        shop = Shop()
        shop.committer.state.next = 7
        shop.committer.add([OutputRecord(REJECTS.name, None, b"{")])
        await shop.committer.flush()
        await shop.committer.close()
        assert shop.restored().next == shop.committer.durable == 7
        assert len(shop.log.outputs) == 1

    run(story())


@pytest.mark.parametrize("refused", [False, True])
def test_reading_waits_while_too_many_records_are_unwritten(refused: bool) -> None:
    async def story() -> None:
        shop = Shop(dirty_records=20)
        shop.writer.block()
        shop.apply_orders("o1")
        await let_tasks_run()
        if refused:
            shop.committer.add([OutputRecord(REJECTS.name, None, b"{")] * 21)
        else:
            shop.apply_orders(*(f"o{number}" for number in range(21)))
        waiting = asyncio.create_task(shop.committer.wait_for_room())
        await let_tasks_run()
        assert not waiting.done()
        shop.writer.release()
        await waiting
        await shop.committer.flush()
        await shop.committer.close()

    run(story())


async def two_waiters(shop: Shop) -> list[asyncio.Task[None]]:
    """Start one task that waits for room and one that waits for the flush, behind a blocked transaction."""
    shop.writer.block()
    shop.apply_orders("o1")
    await let_tasks_run()
    shop.apply_orders("o2")
    waiting = [asyncio.create_task(shop.committer.wait_for_room()), asyncio.create_task(shop.committer.flush())]
    await let_tasks_run()
    return waiting


def test_nothing_waits_for_a_lost_committer() -> None:
    async def story() -> None:
        shop = Shop(dirty_records=0)
        waiting = await two_waiters(shop)
        shop.writer.error = KafkaConnectionError("connection lost")
        shop.writer.release()
        await asyncio.gather(*waiting)
        assert shop.lost == [shop.committer]
        assert shop.committer.lost is shop.writer.error
        assert (shop.committer.durable, shop.committer.steps, shop.log.steps) == (0, 0, [])
        await shop.committer.close()
        assert shop.writer.is_stopped

    run(story())


def test_nothing_waits_for_a_closed_committer() -> None:
    async def story() -> None:
        shop = Shop(dirty_records=0)
        waiting = await two_waiters(shop)
        await shop.committer.close()
        await asyncio.gather(*waiting)
        assert (shop.writer.is_stopped, shop.lost, shop.log.steps) == (True, [], [])

    run(story())


def test_the_first_transaction_after_a_pause_starts_at_once_and_the_next_one_waits() -> None:
    async def story() -> None:
        shop = Shop(commit_seconds=3600.0)
        shop.apply_orders("o1")
        await shop.committer.flush()
        shop.apply_orders("o2")
        shop.apply_orders("o3")
        await let_tasks_run()
        assert (shop.committer.next, shop.committer.durable) == (3, 1)
        await shop.committer.close()

    run(story())


def test_every_transaction_is_counted_with_its_duration() -> None:
    async def story() -> None:
        shop = Shop()
        for number in range(3):
            shop.apply_orders(f"o{number}")
            await shop.committer.flush()
        await shop.committer.close()
        assert sum(shop.commits.counts) == 3
        assert shop.commits.seconds > 0

    run(story())


def test_a_duration_equal_to_a_bound_is_counted_under_it() -> None:
    commits = CommitTimes()
    for seconds in (*COMMIT_BOUNDS, 0.0, 99.0):
        commits.observe(seconds)
    assert commits.counts == [2, *(1 for _ in COMMIT_BOUNDS[1:]), 1]
