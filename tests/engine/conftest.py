"""One real Kafka with all topics; each test has a partition of its own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from kafka.admin import ConfigResourceType

from streams.kafka.clients import create_topics
from streams.kafka.connection import Connection
from streams.kafka.topics import ALERTS
from streams.local.kafka_cluster import LocalKafka
from tests.engine.kafka_partition import KafkaPartition, configure

PARTITIONS = 24
LARGEST_ALERT = 100_000

_numbers = count()


@pytest.fixture(scope="session")
def kafka() -> Iterator[LocalKafka]:
    with LocalKafka() as kafka:
        create_topics(Connection(kafka.bootstrap), PARTITIONS, 1)
        configure(kafka.bootstrap, ConfigResourceType.TOPIC, ALERTS.name, max_message_bytes=LARGEST_ALERT)
        yield kafka


@pytest.fixture
def partition(kafka: LocalKafka) -> KafkaPartition:
    """An unused partition."""
    return KafkaPartition(kafka.bootstrap, next(_numbers))


@pytest.fixture(scope="module")
def without_verification(kafka: LocalKafka) -> Iterator[None]:
    """A broker that accepts records of transactions of which it was never told, so that tests can plant them."""
    for verified in (False, True):
        configure(kafka.bootstrap, ConfigResourceType.BROKER, "1", transaction_partition_verification_enable=verified)
        if not verified:
            yield
