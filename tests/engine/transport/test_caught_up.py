"""When a worker may say that it has read all there is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from streams.local.kafka_cluster import LocalKafka
from tests.engine.transport.conftest import PARTITIONS, Orders
from tests.engine.transport.workers import Worker

pytestmark = pytest.mark.integration

ALL = range(PARTITIONS)


def test_orders_of_an_open_transaction_keep_a_worker_from_being_caught_up_until_they_are_committed(
    orders: Orders, hire: Callable[..., Worker]
) -> None:
    with orders.producer(transactional_id=orders.topic) as till, hire() as worker:
        worker.until_caught_up(ALL)
        till.init_transactions()
        till.begin_transaction()
        orders.send(till, 1)
        worker.until_caught_up([1, 2, 3])
        assert worker.given() == {}
        till.commit_transaction()
        worker.until_caught_up(ALL)
        assert worker.given() == {0: [0]}


def test_orders_that_were_taken_back_are_never_given(orders: Orders, hire: Callable[..., Worker]) -> None:
    with orders.producer(transactional_id=orders.topic) as till:
        till.init_transactions()
        till.begin_transaction()
        orders.send(till, 2_000)
        till.abort_transaction()
        till.begin_transaction()
        orders.send(till, PARTITIONS)
        till.commit_transaction()
    with hire() as worker:
        worker.until_caught_up(ALL)
        assert worker.given() == {partition: [501] for partition in ALL}


def test_without_its_broker_a_worker_is_not_caught_up_can_be_stopped_and_goes_on_when_the_broker_is_back(
    kafka: LocalKafka, orders: Orders, hire: Callable[..., Worker]
) -> None:
    orders.place(400)
    with hire() as patient, hire(f"next-door-{orders.topic}") as other:
        for worker in (patient, other):
            worker.until_caught_up(ALL)
        kafka.stop_broker(1)
        try:
            patient.until_caught_up([])
            assert other.stop() == 0
        finally:
            kafka.start_broker(1)
        orders.place(400)
        patient.until(lambda: patient.given()[0] == list(range(200)), "the later orders given")
        patient.until_caught_up(ALL)
