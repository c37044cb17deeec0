"""A real Kafka for the transport's tests, and shops whose orders are in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic

from streams.local.kafka_cluster import LocalKafka
from tests.engine.transport.workers import Worker
from tests.support.broker import emptied

PARTITIONS = 4


class Orders:
    """A topic of orders, which go to the partitions in turn."""

    def __init__(self, bootstrap: str, partitions: int = PARTITIONS) -> None:
        self.bootstrap = bootstrap
        self.topic = f"orders-{uuid4().hex}"
        self.partitions = partitions
        with KafkaAdminClient(bootstrap_servers=bootstrap) as admin:
            admin.create_topics([NewTopic(self.topic, partitions, 1)])

    def producer(self, **settings: object) -> KafkaProducer:
        return KafkaProducer(bootstrap_servers=self.bootstrap, **settings)

    def send(self, producer: KafkaProducer, count: int) -> None:
        """Send `count` orders to the partitions in turn."""
        for number in range(count):
            producer.send(self.topic, key=b"%d" % number, value=b"an order", partition=number % self.partitions)
        producer.flush()

    def send_all(self, count: int) -> None:
        with self.producer(linger_ms=20) as producer:
            self.send(producer, count)

    async def send_large(self, size: int) -> None:
        """Send an order of `size` bytes to each partition. kafka-python would take seconds for it."""
        async with AIOKafkaProducer(bootstrap_servers=self.bootstrap, max_request_size=size + 1_000) as producer:
            for partition in range(self.partitions):
                await producer.send_and_wait(self.topic, b"." * size, partition=partition)


@pytest.fixture(scope="module")
def kafka(broker: LocalKafka) -> Iterator[LocalKafka]:
    with emptied(broker):
        yield broker


@pytest.fixture
def orders(kafka: LocalKafka) -> Orders:
    return Orders(kafka.bootstrap)


@pytest.fixture
def start_worker(orders: Orders, tmp_path: Path) -> Callable[..., Worker]:
    """Start workers for the topic of `orders`, in one group by default. options: those of the module `worker`."""
    group_of_test = f"shop-{uuid4().hex}"

    def start(group: str = group_of_test, **options: object) -> Worker:
        return Worker(orders.bootstrap, group, orders.topic, tmp_path, **options)

    return start
