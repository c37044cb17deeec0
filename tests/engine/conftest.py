"""Topics with enough partitions that each test has one of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kafka.admin import ConfigResourceType

from streams.kafka.topics import ALERTS
from streams.local.kafka_cluster import LocalKafka
from tests.engine.kafka_partition import KafkaPartition, configure
from tests.support.broker import deployment

PARTITIONS = 24
LARGEST_ALERT = 100_000


@pytest.fixture(scope="module")
def kafka(broker: LocalKafka) -> Iterator[LocalKafka]:
    with deployment(broker, PARTITIONS) as bootstrap:
        configure(bootstrap, ConfigResourceType.TOPIC, ALERTS.name, max_message_bytes=LARGEST_ALERT)
        yield broker


@pytest.fixture(scope="module")
def unused_partitions() -> Iterator[int]:
    """The partitions that no test has used yet."""
    return iter(range(PARTITIONS))


@pytest.fixture
def partition(kafka: LocalKafka, unused_partitions: Iterator[int]) -> KafkaPartition:
    """A partition that no other test uses."""
    return KafkaPartition(kafka.bootstrap, next(unused_partitions))


@pytest.fixture(scope="module")
def without_verification(kafka: LocalKafka) -> Iterator[None]:
    """A broker that does not verify transactions, so that tests can write records of a transaction it does not know."""
    for verified in (False, True):
        configure(kafka.bootstrap, ConfigResourceType.BROKER, "1", transaction_partition_verification_enable=verified)
        if not verified:
            yield
