"""Kafka for the commands: topics, plain producing and reading, with kafka-python. The worker has its own transport."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError, TopicAuthorizationFailedError

from streams.kafka.connection import Connection, KafkaFailed
from streams.kafka.connection_check import ConnectionRefused, knock
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

ANSWER_MS: Final = 10_000
"""How long a Kafka may take to answer before it counts as not there."""

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
    """A client for questions and for topics. Raises KafkaFailed where Kafka does not let us in."""
    try:
        knock(connection)
    except ConnectionRefused as error:
        raise KafkaFailed(str(error)) from error
    with _reached(connection):
        admin = KafkaAdminClient(**connection.for_kafka_python(), bootstrap_timeout_ms=ANSWER_MS)
    try:
        yield admin
    finally:
        admin.close()


def create_topics(
    connection: Connection, partitions: int, replication: int, feeds: Iterable[Topic] = ()
) -> dict[str, str]:
    """Create every topic that is missing, those of feeds too. Returns what was done with each, by name.

    Raises KafkaFailed.
    """
    done: dict[str, str] = {}
    with admin_client(connection) as admin:
        for topic in (*TOPICS, *INTAKE_TOPICS, *feeds):
            number = topic.partitions or partitions
            new = NewTopic(topic.name, number, replication, topic_configs=topic.created_with(replication))
            try:
                admin.create_topics([new])
                done[topic.name] = f"created, {number} partition{'' if number == 1 else 's'}"
            except TopicAlreadyExistsError:
                done[topic.name] = "is there already, left as it is"
            except TopicAuthorizationFailedError as error:
                raise not_allowed(connection, [Need("CREATE", "topic", topic.name)]) from error
            except KafkaError as error:
                raise KafkaFailed(f"{connection.bootstrap}: {topic.name} cannot be created: {error}") from error
    return done


def check_worker(connection: Connection, group: str, *, is_exact: bool) -> None:
    """Raise KafkaFailed unless all topics are there, and a worker of `group` may do with them what it has to.

    is_exact: it writes in transactions.
    """
    needs = [*_WORKER, Need("READ", "group", group)]
    if is_exact:
        needs.append(Need("WRITE", "transactional id", transactional_id(partition=0)))
    with admin_client(connection) as admin:
        _check(admin, connection, needs)
        _check_partitions(admin, connection)


def check_intake(connection: Connection, group: str, topics: Sequence[str], create: str) -> dict[str, int]:
    """How many partitions each topic has that intake writes to.

    Raises KafkaFailed unless all are there, with the `topics` of the feeds, and a member of `group` may do with them
    what it has to. create: the options with which `promises topics` creates what is missing.
    """
    needs = [*(Need("READ", "topic", topic) for topic in topics), *_INTAKE, Need("READ", "group", group)]
    needs += [Need("WRITE", "transactional id", intake_id(topic, 0)) for topic in topics]
    with admin_client(connection) as admin:
        _check(admin, connection, needs, create)
        written = EVENTS, REJECTS, NEEDS_FETCH
        return {topic.name: len(topic_partitions(admin, topic.name)) for topic in written}


def check_notifier(connection: Connection, group: str) -> None:
    """Raise KafkaFailed unless promise.alerts is there, and a member of `group` may read it."""
    check(connection, [Need("READ", "topic", ALERTS.name), Need("READ", "group", group)])


def check(connection: Connection, needs: Sequence[Need]) -> None:
    """Raise KafkaFailed unless all topics of `needs` are there, and we are allowed all of them."""
    with admin_client(connection) as admin:
        _check(admin, connection, needs)


def partitions_of(connection: Connection, need: Need) -> list[int]:
    """The partitions of the topic that `need` names. Raises KafkaFailed if it is not there, or refused to us."""
    with admin_client(connection) as admin:
        _check(admin, connection, [need])
        return topic_partitions(admin, need.name)


def producer(connection: Connection, **settings: Any) -> KafkaProducer:
    """A producer that waits for all replicas and never writes twice. settings: further ones of kafka-python.

    Raises KafkaFailed.
    """
    with _reached(connection):
        return KafkaProducer(
            **connection.for_kafka_python(),
            acks="all",
            enable_idempotence=True,
            max_request_size=32 << 20,
            **{"bootstrap_timeout_ms": ANSWER_MS, "linger_ms": 20} | settings,
        )


def check_gateway(connection: Connection, topics: Iterable[str], create: str) -> None:
    """Raise KafkaFailed unless all `topics` are there, and we may write to them. create: as for intake."""
    with admin_client(connection) as admin:
        _check(admin, connection, [Need("WRITE", "topic", topic) for topic in topics], create)


def reader(connection: Connection) -> KafkaConsumer:
    """A consumer of what is committed, in no group: whoever has it says what it reads. Raises KafkaFailed."""
    return _consumer(connection)


def group_consumer(connection: Connection, group: str, client: str) -> KafkaConsumer:
    """A member of the consumer group, by the name of `client`. It commits when told to, and is missed within 10 s of
    its end. Raises KafkaFailed."""
    return _consumer(
        connection,
        group_id=group,
        client_id=client,
        auto_offset_reset="earliest",  # where the topic no longer holds what was committed
        session_timeout_ms=10_000,
    )


def not_allowed(connection: Connection, needs: Iterable[Need]) -> KafkaFailed:
    """Kafka refuses us these."""
    denied = f"{connection.bootstrap}: {connection.who} may not {listed(needs)}"
    return KafkaFailed(f"{denied}; grant it with kafka-acls, as docs/kafka.md says")


def _check(admin: KafkaAdminClient, connection: Connection, needs: Sequence[Need], create: str = "") -> None:
    where = connection.bootstrap
    try:
        forbidden = [need for need in needs if is_refused(admin, need)]
        missing = sorted({need.name for need in needs if need.kind == "topic" and is_missing(admin, need.name)})
    except KafkaError as error:
        raise KafkaFailed(f"{where}: does not say what {connection.who} may do: {error}") from error
    if forbidden:
        raise not_allowed(connection, forbidden)
    if missing:
        command = f"promises topics --bootstrap {where}{create}"
        raise KafkaFailed(f"{where} has no topic {', '.join(missing)}; create what is missing: {command}")


def _check_partitions(admin: KafkaAdminClient, connection: Connection) -> None:
    """What a partition of promise.events leads to goes to the partition of the same number of every other topic."""
    counts = {topic.name: len(topic_partitions(admin, topic.name)) for topic in TOPICS}
    other = [f"{name} has {count}" for name, count in counts.items() if count != counts[EVENTS.name]]
    if other:
        where = connection.bootstrap
        raise KafkaFailed(
            f"{where}: {EVENTS.name} has {counts[EVENTS.name]} partitions, {', '.join(other)}; all need as many: "
            f"promises check --bootstrap {where} says how"
        )


def _consumer(connection: Connection, **settings: Any) -> KafkaConsumer:
    with _reached(connection):
        return KafkaConsumer(
            **connection.for_kafka_python(),
            **settings,
            bootstrap_timeout_ms=ANSWER_MS,
            enable_auto_commit=False,
            isolation_level="read_committed",
        )


@contextmanager
def _reached(connection: Connection) -> Iterator[None]:
    try:
        yield
    except KafkaError as error:
        raise KafkaFailed(
            f"{connection.bootstrap}: no Kafka answers there over {connection.protocol} ({error}); "
            f"check --bootstrap, --kafka-config and that it runs"
        ) from error
