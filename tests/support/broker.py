"""The Kafka that tests share: one for each pytest process, emptied of topics and groups before each module.

The names of the topics are fixed, so one Kafka can hold one deployment at a time. Modules of one process of pytest run
one after the other: each has the Kafka to itself, may change its topics and stop its broker.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from kafka import KafkaAdminClient
from kafka.admin import MemberToRemove

from streams.kafka import clients
from streams.kafka.connection import Connection
from streams.local.kafka_cluster import LocalKafka

_SECONDS_TO_CLEAN: Final = 30.0


@contextmanager
def emptied(broker: LocalKafka) -> Iterator[str]:
    """Provide the address of a Kafka without topics and consumer groups; delete those made in the block."""
    try:
        yield broker.bootstrap
    finally:
        with suppress(ValueError):  # it runs, unless a test stopped it and failed
            broker.start_broker(1)
        with KafkaAdminClient(bootstrap_servers=broker.bootstrap) as admin:
            _delete_topics(admin)
            _delete_groups(admin)


@contextmanager
def deployment(broker: LocalKafka, partitions: int = 4) -> Iterator[str]:
    """Provide the address of a Kafka with the topics of `promises topics`; delete all topics after the block."""
    with emptied(broker) as bootstrap:
        create_topics(bootstrap, partitions)
        yield bootstrap


def create_topics(bootstrap: str, partitions: int = 4) -> None:
    """Create the topics as `promises topics` does."""
    clients.create_topics(Connection(bootstrap), partitions, 1)


def _delete_topics(admin: KafkaAdminClient) -> None:
    topics = _topics(admin)
    if topics:
        admin.delete_topics(topics)
    deadline = time.monotonic() + _SECONDS_TO_CLEAN
    while _topics(admin):
        assert time.monotonic() < deadline, f"these topics are still there: {_topics(admin)}"
        time.sleep(0.02)


def _topics(admin: KafkaAdminClient) -> list[str]:
    return [name for name in admin.list_topics() if not name.startswith("__")]


def _delete_groups(admin: KafkaAdminClient) -> None:
    """Delete the groups with their members: Kafka would wait for a killed worker until its session ends."""
    groups = [group["group_id"] for group in admin.list_groups()]
    if not groups:
        return
    for name, group in admin.describe_groups(groups).items():
        members = [
            MemberToRemove(None if member["group_instance_id"] else member["member_id"], member["group_instance_id"])
            for member in group["members"]
        ]
        if members:
            admin.remove_group_members(name, members)
    admin.delete_groups(groups)
