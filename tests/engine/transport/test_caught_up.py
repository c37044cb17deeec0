"""A worker is caught up when it has read everything that the broker has."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from streams.local.kafka_cluster import LocalKafka
from tests.engine.transport.conftest import PARTITIONS, Orders
from tests.engine.transport.workers import Worker

pytestmark = pytest.mark.integration

ALL = range(PARTITIONS)


def test_a_worker_is_not_caught_up_while_a_transaction_is_open(
    orders: Orders, start_worker: Callable[..., Worker]
) -> None:
    with orders.producer(transactional_id=orders.topic) as producer, start_worker() as worker:
        worker.until_caught_up(ALL)
        producer.init_transactions()
        producer.begin_transaction()
        orders.send(producer, 1)
        worker.until_caught_up([1, 2, 3])
        assert worker.received() == {}
        producer.commit_transaction()
        worker.until_caught_up(ALL)
        assert worker.received() == {0: [0]}


def test_the_agent_never_receives_aborted_records(orders: Orders, start_worker: Callable[..., Worker]) -> None:
    with orders.producer(transactional_id=orders.topic) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        orders.send(producer, 2_000)
        producer.abort_transaction()
        producer.begin_transaction()
        orders.send(producer, PARTITIONS)
        producer.commit_transaction()
    with start_worker() as worker:
        worker.until_caught_up(ALL)
        assert worker.received() == {partition: [501] for partition in ALL}


def test_without_a_broker_a_worker_is_not_caught_up_can_be_stopped_and_continues_later(
    kafka: LocalKafka, orders: Orders, start_worker: Callable[..., Worker]
) -> None:
    orders.send_all(400)
    with start_worker() as worker, start_worker(f"next-door-{orders.topic}") as other:
        for started in (worker, other):
            started.until_caught_up(ALL)
        kafka.stop_broker(1)
        try:
            worker.until_caught_up([])
            assert other.stop() == 0
        finally:
            kafka.start_broker(1)
        orders.send_all(400)
        worker.until(lambda: worker.received()[0] == list(range(200)), "the later orders are received")
        worker.until_caught_up(ALL)
