"""Workers on a real Kafka: every order reaches the agent once and in order, whoever comes, goes, stumbles or dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.engine.transport.conftest import PARTITIONS, Orders
from tests.engine.transport.workers import Worker

pytestmark = pytest.mark.integration

ALL = range(PARTITIONS)


def every_order(count: int) -> dict[int, list[int]]:
    """What an agent is given that owns all partitions: each offset once, in order."""
    return {partition: list(range(count // PARTITIONS)) for partition in ALL}


def said_before_second_opening(worker: Worker) -> dict[str, list[int]]:
    """What it said while the partitions were dealt out again."""
    told = worker.told
    openings = [index for index, one in enumerate(told) if "opened" in one]
    return told[openings[1] - 1]


def test_every_order_reaches_the_agent_once_in_order_and_in_chunks(orders: Orders, hire: Callable[..., Worker]) -> None:
    orders.place(20_000)
    with hire() as worker:
        worker.until(lambda: worker.given() == every_order(20_000), "all 20 000 orders given")
        batches = [len(one["offsets"]) for one in worker.told if "offsets" in one]
        assert max(batches) == 1_000
        orders.place(8)
        worker.until(lambda: worker.given() == every_order(20_008), "the eight later orders given")


def test_a_worker_that_starts_again_reads_from_the_beginning_and_learns_what_was_done(
    orders: Orders, hire: Callable[..., Worker]
) -> None:
    orders.place(4_000)
    with hire() as yesterday:
        yesterday.until_caught_up(ALL)
        assert yesterday.openings == [dict.fromkeys(ALL)]
        assert yesterday.stop() == 0
    orders.place(400)
    with hire() as today:
        today.until(lambda: today.given() == every_order(4_400), "all orders of both days given")
        assert today.openings == [dict.fromkeys(ALL, 1_000)]


def test_partitions_that_move_are_caught_up_nowhere_meanwhile_and_read_from_the_beginning_by_their_new_owner(
    orders: Orders, hire: Callable[..., Worker]
) -> None:
    orders.place(8_000)
    with hire() as first:
        first.until_caught_up(ALL)
        with hire() as second:
            second.until(lambda: len(second.given()) == 2, "two partitions given to the second worker")
            orders.place(400)
            first.until(lambda: first.given() | second.given() == every_order(8_400), "all orders given to the two")
            assert set(first.given()).isdisjoint(second.given())
            assert said_before_second_opening(first) == {"caught_up": []}
            second.kill()
            orders.place(4)
            first.until(lambda: first.given() == every_order(8_404), "all orders given to the one that is left")


def test_orders_placed_while_workers_come_and_go_are_neither_lost_nor_doubled(
    orders: Orders, hire: Callable[..., Worker]
) -> None:
    placed = 0
    with hire() as first, orders.producer(linger_ms=5) as till, hire() as second:

        def more_placed_until_both_work() -> bool:
            nonlocal placed
            orders.send(till, 40)
            placed += 40
            return len(second.given()) == 2

        second.until(more_placed_until_both_work, "two partitions given to the second worker")
        assert second.stop() == 0
        orders.send(till, 40)
        first.until(lambda: first.given() == every_order(placed + 40), "all orders given to the one that stays")


def test_a_chunk_on_which_the_agent_stumbles_is_read_again_though_no_other_follows(
    orders: Orders, hire: Callable[..., Worker]
) -> None:
    orders.place(40)
    with hire(stumbles=1) as worker:
        worker.until(lambda: worker.given() == every_order(40), "all orders given")
        assert "the till stumbles" in worker.errors


def test_chunks_behind_one_on_which_the_agent_stumbles_wait_for_it(orders: Orders, hire: Callable[..., Worker]) -> None:
    orders.place(20_000)
    with hire(stumbles=1) as worker:
        worker.until(lambda: worker.given() == every_order(20_000), "all orders given")


def test_an_order_of_sixteen_mebibytes_is_read(orders: Orders, hire: Callable[..., Worker]) -> None:
    size = 16 * 1024 * 1024
    orders.place(PARTITIONS)
    asyncio.run(orders.place_large(size))
    orders.place(PARTITIONS)
    with hire() as worker:
        worker.until(lambda: worker.given() == every_order(3 * PARTITIONS), "all orders given")
        assert sum(one.get("bytes", 0) for one in worker.told) == PARTITIONS * (size + 2 * len(b"an order"))


def test_a_worker_ends_and_says_so_when_the_application_opens_no_positions(
    orders: Orders, hire: Callable[..., Worker]
) -> None:
    with hire(asleep=True) as worker:
        assert worker.ends() != 0
        assert f"No position for {orders.topic}[0], {orders.topic}[1]" in worker.errors
