"""Fresh topics, so that one run finds nothing of another."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing

from kafka import KafkaAdminClient

from benchmarks.load import PARTITIONS
from benchmarks.processes import Failed
from streams.kafka.clients import create_topics
from streams.kafka.connection import Connection
from streams.kafka.topics import EVENTS, TOPICS


def fresh(bootstrap: str) -> None:
    """All topics of ours, without what a worker wrote; promise.events stays. Raises Failed and KafkaFailed."""
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        outputs = {topic.name for topic in TOPICS if topic is not EVENTS}
        if there := sorted(outputs & set(admin.list_topics())):
            admin.delete_topics(there)
            _until_gone(admin, there)
    create_topics(Connection(bootstrap), PARTITIONS, 1)


def _until_gone(admin: KafkaAdminClient, names: Sequence[str]) -> None:
    deadline = time.monotonic() + 30
    while left := set(names) & set(admin.list_topics()):
        if time.monotonic() > deadline:
            raise Failed(f"Kafka still has {sorted(left)} 30 s after they were deleted")
        time.sleep(0.1)
