"""Workers on a real Kafka: each record reaches the agent once and in order, whichever worker fails, stops or dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.engine.transport.conftest import PARTITIONS, Orders
from tests.engine.transport.workers import Worker

pytestmark = pytest.mark.integration

ALL = range(PARTITIONS)


def every_order(count: int) -> dict[int, list[int]]:
    """Return what an agent receives that owns all partitions: each offset once, in order."""
    return {partition: list(range(count // PARTITIONS)) for partition in ALL}


def event_before_second_opening(worker: Worker) -> dict[str, list[int]]:
    """Return the report of the worker during its second rebalance."""
    events = worker.events
    openings = [index for index, event in enumerate(events) if "opened" in event]
    return events[openings[1] - 1]


def test_every_record_reaches_the_agent_once_in_order_and_in_batches(
    orders: Orders, start_worker: Callable[..., Worker]
) -> None:
    orders.send_all(20_000)
    with start_worker() as worker:
        worker.until(lambda: worker.received() == every_order(20_000), "all 20 000 orders received")
        batches = [len(event["offsets"]) for event in worker.events if "offsets" in event]
        assert max(batches) == 1_000
        orders.send_all(8)
        worker.until(lambda: worker.received() == every_order(20_008), "the eight later orders received")


def test_a_worker_that_restarts_receives_the_committed_offsets(
    orders: Orders, start_worker: Callable[..., Worker]
) -> None:
    orders.send_all(4_000)
    with start_worker() as first:
        first.until_caught_up(ALL)
        assert first.openings == [dict.fromkeys(ALL)]
        assert first.stop() == 0
    orders.send_all(400)
    with start_worker() as second:
        second.until(lambda: second.received() == every_order(4_400), "all orders of both days received")
        assert second.openings == [dict.fromkeys(ALL, 1_000)]


def test_partitions_that_move_are_read_from_the_beginning_by_their_new_owner(
    orders: Orders, start_worker: Callable[..., Worker]
) -> None:
    orders.send_all(8_000)
    with start_worker() as first:
        first.until_caught_up(ALL)
        with start_worker() as second:
            second.until(lambda: len(second.received()) == 2, "two partitions received by the second worker")
            orders.send_all(400)
            first.until(
                lambda: first.received() | second.received() == every_order(8_400), "all orders received by the two"
            )
            assert set(first.received()).isdisjoint(second.received())
            assert event_before_second_opening(first) == {"caught_up": []}
            second.kill()
            orders.send_all(4)
            first.until(lambda: first.received() == every_order(8_404), "all orders received by the one that is left")


def test_records_sent_while_workers_come_and_go_are_neither_lost_nor_duplicated(
    orders: Orders, start_worker: Callable[..., Worker]
) -> None:
    sent = 0
    with start_worker() as first, orders.producer(linger_ms=5) as producer, start_worker() as second:

        def send_more_until_both_work() -> bool:
            nonlocal sent
            orders.send(producer, 40)
            sent += 40
            return len(second.received()) == 2

        second.until(send_more_until_both_work, "two partitions received by the second worker")
        assert second.stop() == 0
        orders.send(producer, 40)
        first.until(lambda: first.received() == every_order(sent + 40), "all orders received by the one that stays")


def test_a_batch_on_which_the_agent_fails_is_read_again_even_if_it_is_the_last(
    orders: Orders, start_worker: Callable[..., Worker]
) -> None:
    orders.send_all(40)
    with start_worker(failures=1) as worker:
        worker.until(lambda: worker.received() == every_order(40), "all orders received")
        assert "the application fails" in worker.errors


def test_batches_after_one_on_which_the_agent_fails_wait_for_it(
    orders: Orders, start_worker: Callable[..., Worker]
) -> None:
    orders.send_all(20_000)
    with start_worker(failures=1) as worker:
        worker.until(lambda: worker.received() == every_order(20_000), "all orders received")


def test_a_record_of_sixteen_mebibytes_is_read(orders: Orders, start_worker: Callable[..., Worker]) -> None:
    size = 16 * 1024 * 1024
    orders.send_all(PARTITIONS)
    asyncio.run(orders.send_large(size))
    orders.send_all(PARTITIONS)
    with start_worker() as worker:
        worker.until(lambda: worker.received() == every_order(3 * PARTITIONS), "all orders received")
        assert sum(event.get("bytes", 0) for event in worker.events) == PARTITIONS * (size + 2 * len(b"an order"))


def test_a_worker_ends_with_a_message_if_the_application_opens_no_positions(
    orders: Orders, start_worker: Callable[..., Worker]
) -> None:
    with start_worker(without_positions=True) as worker:
        assert worker.wait_for_exit() != 0
        assert f"made no position for {orders.topic}[0], {orders.topic}[1]" in worker.errors
