"""What Kafka itself says of topics, groups and offsets. Nothing here changes anything."""

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
"""Asks for the offset after the last record."""


class TopicDescription(NamedTuple):
    """A topic as it is. copies: the fewest that one of its partitions has. settings: all of them, defaults too."""

    partitions: int
    copies: int
    settings: Mapping[str, str]


class MemberDescription(NamedTuple):
    """A member of a consumer group. client: what it calls itself. host: where it comes from, as the broker sees it."""

    client: str
    host: str
    partitions: frozenset[int]


class GroupDescription(NamedTuple):
    """A consumer group. state: as Kafka calls it; None where there is no such group. members: the partitions are those
    of promise.events. committed: the offset committed of each partition of which one ever was."""

    name: str
    state: str | None = None
    members: tuple[MemberDescription, ...] = ()
    committed: Mapping[int, int] = {}


def topics_found(connection: Connection, feeds: Iterable[Topic] = ()) -> dict[str, TopicDescription]:
    """Those of our topics, and of those of `feeds`, that are there, by name. Raises KafkaFailed."""
    with _kafka(connection) as admin:
        there = _partitions(connection, admin, [topic.name for topic in (*TOPICS, *INTAKE_TOPICS, *feeds)])
        settings = _settings(connection, admin, list(there))
        return {
            name: TopicDescription(
                len(partitions), min(len(one["replica_nodes"]) for one in partitions), settings[name]
            )
            for name, partitions in there.items()
        }


def group_found(connection: Connection, name: str) -> tuple[GroupDescription, dict[int, int]]:
    """A consumer group, and the end of each partition of promise.events. Raises KafkaFailed."""
    with _kafka(connection) as admin:
        there = _partitions(connection, admin, [EVENTS.name]).get(EVENTS.name)
        if not there:
            where = connection.bootstrap
            raise KafkaFailed(f"{where} has no topic {EVENTS.name}; create it: promises topics --bootstrap {where}")
        places = [TopicPartition(EVENTS.name, one["partition_index"]) for one in there]
        ends = admin.list_partition_offsets(dict.fromkeys(places, _LATEST))
        return _group(admin, name), {place.partition: found.offset for place, found in ends.items()}


@contextmanager
def _kafka(connection: Connection) -> Iterator[Any]:
    """The client of every question; whatever Kafka answers with an error becomes KafkaFailed."""
    with admin_client(connection) as admin:
        try:
            yield admin
        except KafkaError as error:
            raise KafkaFailed(f"{connection.bootstrap} did not answer what was asked: {error}; try again") from error


def _partitions(connection: Connection, admin: Any, names: list[str]) -> dict[str, list[Mapping[str, Any]]]:
    """The partitions of those topics that are there. Raises KafkaError, KafkaFailed."""
    there: dict[str, list[Mapping[str, Any]]] = {}
    described = admin.describe_topics(names)
    refused = TopicAuthorizationFailedError.errno
    if forbidden := [one["name"] for one in described if one["error_code"] == refused]:
        raise not_allowed(connection, [Need("DESCRIBE", "topic", name) for name in forbidden])
    for topic in described:
        error = for_code(topic["error_code"])
        if topic["error_code"] and error is not UnknownTopicOrPartitionError:
            raise error(topic["name"])
        if topic["partitions"]:
            there[topic["name"]] = topic["partitions"]
    return there


def _settings(connection: Connection, admin: Any, names: list[str]) -> dict[str, dict[str, str]]:
    """All settings of these topics. The client gives none, and no error, where it may not see them."""
    if not names:
        return {}
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    found = admin.describe_configs(asked, config_filter="all")["topic"]
    if forbidden := [name for name in names if not found.get(name)]:
        raise not_allowed(connection, [Need("DESCRIBE_CONFIGS", "topic", name) for name in forbidden])
    return {name: {key: said["value"] or "" for key, said in found[name].items()} for name in names}


def _group(admin: Any, name: str) -> GroupDescription:
    # Listed first: to describe a group that is not there makes Kafka create its topic for groups.
    if not any(one["group_id"] == name for one in admin.list_groups()):
        return GroupDescription(name)
    found = admin.describe_groups([name])[name]
    if found["error"]:
        raise KafkaError(f"group {name}: {found['error']}")
    committed = admin.list_group_offsets([name])[name]
    return GroupDescription(
        name,
        found["group_state"],
        tuple(_member(one) for one in found["members"]),
        {
            place.partition: kept.offset
            for place, kept in committed.items()
            if place.topic == EVENTS.name and kept.offset >= 0
        },
    )


def _member(found: Mapping[str, Any]) -> MemberDescription:
    """Before the group is settled Kafka tells no assignments; what is no consumer's comes as bytes."""
    assignment = found["member_assignment"]
    places = assignment["assigned_partitions"] if isinstance(assignment, dict) else []
    own = {number for place in places if place["topic"] == EVENTS.name for number in place["partitions"]}
    return MemberDescription(found["client_id"], found["client_host"].removeprefix("/"), frozenset(own))
