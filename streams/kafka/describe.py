"""Descriptions of topics, consumer groups and offsets, read from Kafka. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError, for_code

from streams.kafka.clients import admin_client, not_allowed
from streams.kafka.connection import Connection, KafkaFailed
from streams.kafka.permissions import Need
from streams.kafka.topics import EVENTS, INTAKE_TOPICS, TOPICS, Topic

_LATEST: Final = -1
"""The query for the offset after the last record."""


class TopicDescription(NamedTuple):
    """An existing topic. replicas: the fewest that one of its partitions has. settings: all, defaults included."""

    partitions: int
    replicas: int
    settings: Mapping[str, str]


class MemberDescription(NamedTuple):
    """A member of a consumer group. client: its client id. host: its host, as the broker sees it."""

    client: str
    host: str
    partitions: frozenset[int]


class GroupDescription(NamedTuple):
    """A consumer group. state: Kafka's name for it, None if the group does not exist. members: with their partitions of
    promise.events. committed: the committed offset of each partition that has one."""

    name: str
    state: str | None = None
    members: tuple[MemberDescription, ...] = ()
    committed: Mapping[int, int] = {}


def describe_topics(connection: Connection, feeds: Iterable[Topic] = ()) -> dict[str, TopicDescription]:
    """Return those topics of promises and of `feeds` that exist, by name. Raises KafkaFailed."""
    with _admin(connection) as admin:
        existing = _partitions(connection, admin, [topic.name for topic in (*TOPICS, *INTAKE_TOPICS, *feeds)])
        settings = _settings(connection, admin, list(existing))
        return {
            name: TopicDescription(
                partitions=len(partitions),
                replicas=min(len(partition["replica_nodes"]) for partition in partitions),
                settings=settings[name],
            )
            for name, partitions in existing.items()
        }


def describe_group(connection: Connection, name: str) -> tuple[GroupDescription, dict[int, int]]:
    """Return a consumer group, and the end offset of each partition of promise.events. Raises KafkaFailed."""
    with _admin(connection) as admin:
        partitions = _partitions(connection, admin, [EVENTS.name]).get(EVENTS.name)
        if not partitions:
            where = connection.bootstrap
            raise KafkaFailed(f"{where} has no topic {EVENTS.name}; create it: promises topics --bootstrap {where}")
        tps = [TopicPartition(EVENTS.name, partition["partition_index"]) for partition in partitions]
        ends = admin.list_partition_offsets(dict.fromkeys(tps, _LATEST))
        return _group(admin, name), {tp.partition: end.offset for tp, end in ends.items()}


@contextmanager
def _admin(connection: Connection) -> Iterator[Any]:
    """Provide an admin client whose errors become KafkaFailed."""
    with admin_client(connection) as admin:
        try:
            yield admin
        except KafkaError as error:
            raise KafkaFailed(f"{connection.bootstrap} did not answer a request: {error}; try again") from error


def _partitions(connection: Connection, admin: Any, names: list[str]) -> dict[str, list[Mapping[str, Any]]]:
    """Return the partitions of those topics that exist. Raises KafkaError, KafkaFailed."""
    existing: dict[str, list[Mapping[str, Any]]] = {}
    described = admin.describe_topics(names)
    denied = TopicAuthorizationFailedError.errno
    if forbidden := [topic["name"] for topic in described if topic["error_code"] == denied]:
        raise not_allowed(connection, [Need("DESCRIBE", "topic", name) for name in forbidden])
    for topic in described:
        error = for_code(topic["error_code"])
        if topic["error_code"] and error is not UnknownTopicOrPartitionError:
            raise error(topic["name"])
        if topic["partitions"]:
            existing[topic["name"]] = topic["partitions"]
    return existing


def _settings(connection: Connection, admin: Any, names: list[str]) -> dict[str, dict[str, str]]:
    """Return all settings of these topics. Raises KafkaError, KafkaFailed."""
    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    described = admin.describe_configs(resources, config_filter="all")["topic"]
    # Without the permission, the client returns no settings and no error.
    if forbidden := [name for name in names if not described.get(name)]:
        raise not_allowed(connection, [Need("DESCRIBE_CONFIGS", "topic", name) for name in forbidden])
    return {name: {key: setting["value"] or "" for key, setting in described[name].items()} for name in names}


def _group(admin: Any, name: str) -> GroupDescription:
    # Listed first: describing a group that does not exist makes Kafka create its internal topic for groups.
    if not any(group["group_id"] == name for group in admin.list_groups()):
        return GroupDescription(name)
    described = admin.describe_groups([name])[name]
    if described["error"]:
        raise KafkaError(f"group {name}: {described['error']}")
    offsets = admin.list_group_offsets([name])[name]
    return GroupDescription(
        name=name,
        state=described["group_state"],
        members=tuple(_member(member) for member in described["members"]),
        committed={
            tp.partition: committed.offset
            for tp, committed in offsets.items()
            if tp.topic == EVENTS.name and committed.offset >= 0
        },
    )


def _member(described: Mapping[str, Any]) -> MemberDescription:
    """Read a member. During a rebalance it has no assignment; one that is not a consumer's comes as bytes."""
    assignment = described["member_assignment"]
    topics = assignment["assigned_partitions"] if isinstance(assignment, dict) else []
    partitions = {number for topic in topics if topic["topic"] == EVENTS.name for number in topic["partitions"]}
    return MemberDescription(described["client_id"], described["client_host"].removeprefix("/"), frozenset(partitions))
