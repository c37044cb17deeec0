"""Clients of kafka-python for the commands, and the checks before a process starts.

Workers and intake read and write through streams.engine instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError, TopicAuthorizationFailedError

from streams.kafka.connection import Connection, KafkaFailed
from streams.kafka.connection_check import ConnectionRefused, check_connection
from streams.kafka.permissions import Need, is_missing, is_refused, listed, topic_partitions
from streams.kafka.topics import (
    ALERTS,
    CHANGELOG,
    EVENTS,
    INTAKE,
    INTAKE_TOPICS,
    NEEDS_FETCH,
    REJECTS,
    TOPICS,
    Topic,
    intake_id,
    transactional_id,
)

RESPONSE_TIMEOUT_MS: Final = 10_000
"""How long Kafka may take to respond before it counts as unreachable."""

_WORKER: Final = (
    Need("READ", "topic", EVENTS.name),
    Need("READ", "topic", CHANGELOG.name),
    *(Need("WRITE", "topic", topic.name) for topic in TOPICS if topic is not EVENTS),
)

_INTAKE: Final = (
    Need("READ", "topic", INTAKE.name),
    *(Need("WRITE", "topic", topic.name) for topic in (EVENTS, REJECTS, NEEDS_FETCH, INTAKE)),
)


@contextmanager
def admin_client(connection: Connection) -> Iterator[KafkaAdminClient]:
    """Provide an admin client. Raises KafkaFailed if Kafka refuses the connection."""
    try:
        check_connection(connection)
    except ConnectionRefused as error:
        raise KafkaFailed(str(error)) from error
    with _reached(connection):
        admin = KafkaAdminClient(**connection.for_kafka_python(), bootstrap_timeout_ms=RESPONSE_TIMEOUT_MS)
    try:
        yield admin
    finally:
        admin.close()


def create_topics(
    connection: Connection, partitions: int, replication: int, feeds: Iterable[Topic] = ()
) -> dict[str, str]:
    """Create every missing topic, including those of feeds. Return what was done with each, by name.

    Raises KafkaFailed.
    """
    results: dict[str, str] = {}
    with admin_client(connection) as admin:
        for topic in (*TOPICS, *INTAKE_TOPICS, *feeds):
            number = topic.partitions or partitions
            new = NewTopic(topic.name, number, replication, topic_configs=topic.created_with(replication))
            try:
                admin.create_topics([new])
                results[topic.name] = f"created, {number} partition{'' if number == 1 else 's'}"
            except TopicAlreadyExistsError:
                results[topic.name] = "exists already, not changed"
            except TopicAuthorizationFailedError as error:
                raise not_allowed(connection, [Need("CREATE", "topic", topic.name)]) from error
            except KafkaError as error:
                raise KafkaFailed(f"{connection.bootstrap}: {topic.name} cannot be created: {error}") from error
    return results


def check_worker(connection: Connection, group: str, *, is_exact: bool) -> None:
    """Raise KafkaFailed unless all topics exist and a worker of `group` has the permissions it needs.

    is_exact: the worker writes in transactions.
    """
    needs = [*_WORKER, Need("READ", "group", group)]
    if is_exact:
        needs.append(Need("WRITE", "transactional id", transactional_id(partition=0)))
    with admin_client(connection) as admin:
        _check(admin, connection, needs)
        _check_partitions(admin, connection)


def check_intake(connection: Connection, group: str, topics: Sequence[str], create: str) -> dict[str, int]:
    """Return the number of partitions of each topic that intake writes to.

    Raises KafkaFailed unless they and the `topics` of the feeds exist and a member of `group` has the permissions it
    needs. create: the options with which `promises topics` creates the missing topics.
    """
    needs = [*(Need("READ", "topic", topic) for topic in topics), *_INTAKE, Need("READ", "group", group)]
    needs += [Need("WRITE", "transactional id", intake_id(topic, 0)) for topic in topics]
    with admin_client(connection) as admin:
        _check(admin, connection, needs, create)
        written = EVENTS, REJECTS, NEEDS_FETCH
        return {topic.name: len(topic_partitions(admin, topic.name)) for topic in written}


def check_notifier(connection: Connection, group: str) -> None:
    """Raise KafkaFailed unless promise.alerts exists and a member of `group` may read it."""
    check(connection, [Need("READ", "topic", ALERTS.name), Need("READ", "group", group)])


def check(connection: Connection, needs: Sequence[Need]) -> None:
    """Raise KafkaFailed unless all topics of `needs` exist and all of `needs` are permitted."""
    with admin_client(connection) as admin:
        _check(admin, connection, needs)


def partitions_of(connection: Connection, need: Need) -> list[int]:
    """Return the partitions of the topic that `need` names. Raises KafkaFailed if it is missing or not permitted."""
    with admin_client(connection) as admin:
        _check(admin, connection, [need])
        return topic_partitions(admin, need.name)


def producer(connection: Connection, **settings: Any) -> KafkaProducer:
    """Return an idempotent producer that waits for all in-sync replicas. settings: further ones of kafka-python.

    Raises KafkaFailed.
    """
    with _reached(connection):
        return KafkaProducer(
            **connection.for_kafka_python(),
            acks="all",
            enable_idempotence=True,
            max_request_size=32 << 20,
            **{"bootstrap_timeout_ms": RESPONSE_TIMEOUT_MS, "linger_ms": 20} | settings,
        )


def check_gateway(connection: Connection, topics: Iterable[str], create: str) -> None:
    """Raise KafkaFailed unless all `topics` exist and may be written. create: as in check_intake."""
    with admin_client(connection) as admin:
        _check(admin, connection, [Need("WRITE", "topic", topic) for topic in topics], create)


def consumer_without_group(connection: Connection) -> KafkaConsumer:
    """Return a read_committed consumer without a group. The caller assigns its partitions. Raises KafkaFailed."""
    return _consumer(connection)


def group_consumer(connection: Connection, group: str, client: str) -> KafkaConsumer:
    """Return a read_committed consumer of the group with the client id `client`, without automatic commits.

    Its partitions go to other members 10 s after its process is gone. Raises KafkaFailed.
    """
    return _consumer(
        connection,
        group_id=group,
        client_id=client,
        auto_offset_reset="earliest",  # if the committed offset is past the topic's retention
        session_timeout_ms=10_000,
    )


def not_allowed(connection: Connection, needs: Iterable[Need]) -> KafkaFailed:
    """Return the error for permissions that are denied."""
    denied = f"{connection.bootstrap}: {connection.user_text} may not {listed(needs)}"
    return KafkaFailed(f"{denied}; grant it with kafka-acls, see docs/kafka.md")


def _check(admin: KafkaAdminClient, connection: Connection, needs: Sequence[Need], create: str = "") -> None:
    where = connection.bootstrap
    try:
        forbidden = [need for need in needs if is_refused(admin, need)]
        missing = sorted({need.name for need in needs if need.kind == "topic" and is_missing(admin, need.name)})
    except KafkaError as error:
        raise KafkaFailed(f"{where}: permissions of {connection.user_text} cannot be checked: {error}") from error
    if forbidden:
        raise not_allowed(connection, forbidden)
    if missing:
        command = f"promises topics --bootstrap {where}{create}"
        raise KafkaFailed(f"{where} has no topic {', '.join(missing)}; create the missing topics: {command}")


def _check_partitions(admin: KafkaAdminClient, connection: Connection) -> None:
    """Raise KafkaFailed unless all topics have as many partitions as promise.events.

    A worker writes the output of a partition to the partitions of the same number.
    """
    counts = {topic.name: len(topic_partitions(admin, topic.name)) for topic in TOPICS}
    other = [f"{name} has {count}" for name, count in counts.items() if count != counts[EVENTS.name]]
    if other:
        where = connection.bootstrap
        raise KafkaFailed(
            f"{where}: {EVENTS.name} has {counts[EVENTS.name]} partitions, {', '.join(other)}; all topics need the "
            f"same number: `promises check --bootstrap {where}` says how to change it"
        )


def _consumer(connection: Connection, **settings: Any) -> KafkaConsumer:
    with _reached(connection):
        return KafkaConsumer(
            **connection.for_kafka_python(),
            **settings,
            bootstrap_timeout_ms=RESPONSE_TIMEOUT_MS,
            enable_auto_commit=False,
            isolation_level="read_committed",
        )


@contextmanager
def _reached(connection: Connection) -> Iterator[None]:
    try:
        yield
    except KafkaError as error:
        raise KafkaFailed(
            f"{connection.bootstrap}: Kafka does not respond there over {connection.protocol} ({error}); "
            f"check --bootstrap, --kafka-config and that Kafka runs"
        ) from error
