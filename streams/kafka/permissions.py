"""Checks of permissions before they are needed: Kafka clients report a missing one late, in part, or never."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from kafka import KafkaAdminClient
from kafka.admin import MemberToRemove
from kafka.errors import (
    GroupAuthorizationFailedError,
    RetriableError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailedError,
    TransactionalIdNotFoundError,
    UnknownMemberIdError,
    UnknownTopicOrPartitionError,
)

_TIMEOUT_SECONDS = 10
_UNKNOWN_MEMBER = MemberToRemove(member_id="nobody")


class Need(NamedTuple):
    """A permission that is needed. operation: its name in Kafka's ACLs, such as READ."""

    operation: str
    kind: Literal["topic", "group", "transactional id"]
    name: str


def listed(needs: Iterable[Need]) -> str:
    """Return needs in words, such as `READ topic a, b; READ group c`."""
    names: dict[str, list[str]] = {}
    for operation, kind, name in needs:
        names.setdefault(f"{operation} {kind}", []).append(name)
    return "; ".join(f"{permission} {', '.join(resources)}" for permission, resources in names.items())


def is_refused(admin: KafkaAdminClient, need: Need) -> bool:
    """Return whether Kafka denies the permission. Raises KafkaError if it does not say."""
    # A broker that has just started, or never had a group, first responds that it is not ready.
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while True:
        try:
            return _is_refused(admin, need)
        except RetriableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def is_missing(admin: KafkaAdminClient, topic: str) -> bool:
    """Return whether the topic does not exist. Raises KafkaError."""
    return _is_missing(_topic(admin, topic))


def topic_partitions(admin: KafkaAdminClient, topic: str) -> list[int]:
    """Return the partition numbers of a topic. Raises KafkaError."""
    return sorted(partition["partition_index"] for partition in _topic(admin, topic)["partitions"])


def _is_refused(admin: KafkaAdminClient, need: Need) -> bool:
    if need.kind == "group":
        return _is_group_refused(admin, need.name)
    if need.kind == "transactional id":
        return _is_transactional_id_refused(admin, need.name)
    topic = _topic(admin, need.name)
    if topic["error_code"] == TopicAuthorizationFailedError.errno:
        return True
    allowed = topic["authorized_operations"]  # None if the broker does not report them
    return not _is_missing(topic) and allowed is not None and need.operation not in allowed


def _topic(admin: KafkaAdminClient, name: str) -> dict[str, Any]:
    topic: dict[str, Any]
    (topic,) = admin.describe_topics([name])
    return topic


def _is_missing(topic: dict[str, Any]) -> bool:
    return bool(topic["error_code"] == UnknownTopicOrPartitionError.errno)


def _is_group_refused(admin: KafkaAdminClient, group: str) -> bool:
    # Removing an unknown member needs the same permission as joining, and changes nothing. An empty group gives no
    # other way to ask.
    try:
        admin.remove_group_members(group, [_UNKNOWN_MEMBER])
    except GroupAuthorizationFailedError:
        return True
    except UnknownMemberIdError:
        pass
    return False


def _is_transactional_id_refused(admin: KafkaAdminClient, name: str) -> bool:
    # Using the id would fence its current producer. WRITE includes DESCRIBE, so a user with DESCRIBE alone passes this
    # check and is refused later.
    try:
        admin.describe_transactions([name])
    except TransactionalIdAuthorizationFailedError:
        return True
    except TransactionalIdNotFoundError:
        pass
    return False
