"""The Kafka that tests share: one for each process of pytest, and clean for each module."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from streams.connection import Connection
from streams.kafka import create_topics

_SECONDS_TO_CLEAN: Final = 30.0


@contextmanager
def emptied(bootstrap: str) -> Iterator[str]:
    """The address; afterwards all topics and consumer groups are deleted, so that the next user finds a new Kafka."""
    try:
        yield bootstrap
    finally:
        with KafkaAdminClient(bootstrap_servers=bootstrap) as admin:
            _delete_topics(admin)
            _delete_groups(admin)


@contextmanager
def deployment(bootstrap: str, partitions: int = 4) -> Iterator[str]:
    """The address, with the topics as `promises topics` makes them; afterwards all is deleted."""
    with emptied(bootstrap):
        create_topics(Connection(bootstrap), partitions, 1)
        yield bootstrap


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
    """Delete the groups, and first their members: a killed worker would be waited for until its session is over."""
    groups = [group["group_id"] for group in admin.list_groups()]
    if not groups:
        return
    for name, group in admin.describe_groups(groups).items():
        if group["members"]:
            admin.remove_group_members(name, _members(group["members"]))
    admin.delete_groups(groups)
