"""What Kafka lets us do, asked before it is done: a client that is refused says so late, in pieces, or never."""

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

_PATIENCE_SECONDS = 10
_NOBODY = MemberToRemove(member_id="nobody")


class Need(NamedTuple):
    """Something that we have to be allowed to do. operation: as Kafka's ACLs call it, such as READ."""

    operation: str
    kind: Literal["topic", "group", "transactional id"]
    name: str


def listed(needs: Iterable[Need]) -> str:
    """All of them in words, such as `READ topic a, b; READ group c`."""
    names: dict[str, list[str]] = {}
    for operation, kind, name in needs:
        names.setdefault(f"{operation} {kind}", []).append(name)
    return "; ".join(f"{what} {', '.join(of)}" for what, of in names.items())


def is_refused(admin: KafkaAdminClient, need: Need) -> bool:
    """Whether Kafka refuses us what we need. Raises KafkaError where it does not say."""
    # A Kafka that never had a group, or has just started, first answers that it is not ready.
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return _is_refused(admin, need)
        except RetriableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def is_missing(admin: KafkaAdminClient, topic: str) -> bool:
    """Whether there is no such topic. Raises KafkaError."""
    return _is_missing(_topic(admin, topic))


def topic_partitions(admin: KafkaAdminClient, topic: str) -> list[int]:
    """The numbers of its partitions. Raises KafkaError."""
    return sorted(partition["partition_index"] for partition in _topic(admin, topic)["partitions"])


def _is_refused(admin: KafkaAdminClient, need: Need) -> bool:
    if need.kind == "group":
        return _is_group_refused(admin, need.name)
    if need.kind == "transactional id":
        return _is_transactional_id_refused(admin, need.name)
    topic = _topic(admin, need.name)
    if topic["error_code"] == TopicAuthorizationFailedError.errno:
        return True
    allowed = topic["authorized_operations"]  # None where a broker does not tell
    return not _is_missing(topic) and allowed is not None and need.operation not in allowed


def _topic(admin: KafkaAdminClient, name: str) -> dict[str, Any]:
    (topic,) = admin.describe_topics([name])
    found: dict[str, Any] = topic
    return found


def _is_missing(topic: dict[str, Any]) -> bool:
    return bool(topic["error_code"] == UnknownTopicOrPartitionError.errno)


def _is_group_refused(admin: KafkaAdminClient, group: str) -> bool:
    # A group that is empty does not say who may join. To leave takes the same permission, and by nobody it is harmless.
    try:
        admin.remove_group_members(group, [_NOBODY])
    except GroupAuthorizationFailedError:
        return True
    except UnknownMemberIdError:
        pass
    return False


def _is_transactional_id_refused(admin: KafkaAdminClient, name: str) -> bool:
    # To use it would fence whoever does. Who may write may describe; who may describe alone is found out later.
    try:
        admin.describe_transactions([name])
    except TransactionalIdAuthorizationFailedError:
        return True
    except TransactionalIdNotFoundError:
        pass
    return False
