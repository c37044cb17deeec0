"""Kafka for the commands: topics, plain producing and reading, with kafka-python. The worker has its own transport."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from streams.book.book import Incoming
from streams.topics import TOPICS

ANSWER_MS: Final = 10_000
"""How long a Kafka may take to answer before it counts as not there."""


class KafkaFailed(Exception):
    """Kafka refused or was not reached; the message says what, where and what to do."""


def create_topics(bootstrap: str, partitions: int, replication: int) -> dict[str, str]:
    """Create every topic that is missing. Returns what was done with each, by name. Raises KafkaFailed."""
    done: dict[str, str] = {}
    try:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=ANSWER_MS)
    except KafkaError as error:
        raise unreachable(bootstrap, error) from error
    try:
        for topic in TOPICS:
            new = NewTopic(topic.name, partitions, replication, topic_configs=topic.created_with(replication))
            try:
                admin.create_topics([new])
                done[topic.name] = f"created, {partitions} partitions"
            except TopicAlreadyExistsError:
                done[topic.name] = "is there already, left as it is"
            except KafkaError as error:
                raise KafkaFailed(f"{bootstrap}: {topic.name} cannot be created: {error}") from error
    finally:
        admin.close()
    return done


def unreachable(bootstrap: str, error: Exception) -> KafkaFailed:
    """Kafka did not answer."""
    return KafkaFailed(f"{bootstrap}: no Kafka answers there ({error}); check --bootstrap and that it runs")


def producer(bootstrap: str) -> KafkaProducer:
    """A producer that waits for all replicas and never writes twice. Raises KafkaFailed."""
    try:
        return KafkaProducer(
            bootstrap_servers=bootstrap,
            bootstrap_timeout_ms=ANSWER_MS,
            acks="all",
            enable_idempotence=True,
            linger_ms=20,
            max_request_size=32 << 20,
        )
    except KafkaError as error:
        raise unreachable(bootstrap, error) from error


def partitions_of(bootstrap: str, topic: str) -> list[int]:
    """The partitions of `topic`. Raises KafkaFailed if it is not there."""
    consumer = _consumer(bootstrap)
    try:
        return _partitions(consumer, bootstrap, topic)
    finally:
        consumer.close()


def read_to_end(bootstrap: str, topic: str) -> Iterator[tuple[int, Incoming]]:
    """Every record that `topic` holds now, with its partition. Raises KafkaFailed."""
    consumer = _consumer(bootstrap)
    try:
        places = [TopicPartition(topic, number) for number in _partitions(consumer, bootstrap, topic)]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends = consumer.end_offsets(places)
        while any(consumer.position(place) < end for place, end in ends.items()):
            for place, records in consumer.poll(timeout_ms=500).items():
                for record in records:
                    if record.offset < ends[place]:
                        yield place.partition, Incoming(record.timestamp, record.key, record.value)
    except KafkaError as error:
        raise KafkaFailed(f"{bootstrap}: {topic} cannot be read: {error}") from error
    finally:
        consumer.close()


def _consumer(bootstrap: str) -> KafkaConsumer:
    try:
        return KafkaConsumer(
            bootstrap_servers=bootstrap,
            bootstrap_timeout_ms=ANSWER_MS,
            enable_auto_commit=False,
            isolation_level="read_committed",
        )
    except KafkaError as error:
        raise unreachable(bootstrap, error) from error


def _partitions(consumer: KafkaConsumer, bootstrap: str, topic: str) -> list[int]:
    found = consumer.partitions_for_topic(topic)
    if not found:
        raise KafkaFailed(f"{bootstrap} has no topic {topic}; create it: promises topics --bootstrap {bootstrap}")
    return sorted(found)
