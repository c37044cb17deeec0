"""Checks of the topics of a Kafka cluster; each finding has a remedy. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, NamedTuple

from streams.kafka.describe import TopicDescription
from streams.kafka.topics import EVENTS, IN_SYNC, INTAKE_TOPICS, SAFE_IN_SYNC, SAFE_REPLICATION, TOPICS, Setting, Topic

Level = Literal["error", "warning"]

_UNCLEAN: Final = "unclean.leader.election.enable"
_NO_LIMIT: Final = "-1"

_NO_SPARE: Final = "nothing can be written while any broker is down"
_ONE_ACK: Final = "a record that only one broker has counts as written, and is lost with that broker"
_UNCLEAN_ELECTION: Final = "a replica that is behind may become the leader, and acknowledged records are lost"
_FEW_REPLICAS: Final = {
    1: "has one replica: records are lost with its broker, and a single broker that is stopped under load can lose the "
    "marker of a commit, which hides acknowledged records until the partition is recovered",
    2: "has two replicas: while one of their brokers is down, either nothing can be written or one disk has the only "
    "copy",
}
_USE_THREE: Final = (
    f"in production run {SAFE_REPLICATION} brokers, and create the topics with --replication {SAFE_REPLICATION}"
)


class Finding(NamedTuple):
    """A problem with a topic. topics: its name, or several with commas. remedy: a command, or the change to make."""

    level: Level
    topics: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.level}: {self.topics}: {self.problem}; {self.remedy}"


def check_topics(
    bootstrap: str, existing: Mapping[str, TopicDescription], feeds: Iterable[Topic] = ()
) -> list[Finding]:
    """Return the problems of the topics of the Kafka at `bootstrap`. Equal problems of several topics are one finding.

    feeds: the topics of feeds, which must exist. Without feeds, the topics of intake may be missing.
    """
    topics: dict[Finding, list[str]] = {}
    for finding in (*_check_worker_topics(bootstrap, existing), *_check_feeds(bootstrap, existing, tuple(feeds))):
        topics.setdefault(finding._replace(topics=""), []).append(finding.topics)
    return [finding._replace(topics=", ".join(names)) for finding, names in topics.items()]


def _check_worker_topics(bootstrap: str, existing: Mapping[str, TopicDescription]) -> Iterator[Finding]:
    events = existing.get(EVENTS.name)
    for topic in TOPICS:
        description = existing.get(topic.name)
        if description is None:
            yield _missing(bootstrap, topic, events)
        else:
            yield from _check_partitions(bootstrap, topic, description, events)
            yield from _check_replicas(bootstrap, topic, description)
            yield from _check_settings(bootstrap, topic, description)


def _check_feeds(
    bootstrap: str, existing: Mapping[str, TopicDescription], feeds: tuple[Topic, ...]
) -> Iterator[Finding]:
    for topic in (*INTAKE_TOPICS, *feeds):
        description = existing.get(topic.name)
        if description is not None:
            yield from _check_replicas(bootstrap, topic, description)
            yield from _check_settings(bootstrap, topic, description)
        elif feeds:
            create = f"create it: promises topics --bootstrap {bootstrap} --feeds FILE"
            yield Finding("error", topic.name, "does not exist", create)


def _missing(bootstrap: str, topic: Topic, events: TopicDescription | None) -> Finding:
    as_events = f" --partitions {events.partitions} --replication {events.replicas}" if events else ""
    create = f"create it: promises topics --bootstrap {bootstrap}{as_events}"
    return Finding("error", topic.name, "does not exist", create)


def _check_partitions(
    bootstrap: str, topic: Topic, description: TopicDescription, events: TopicDescription | None
) -> Iterator[Finding]:
    """Check that the topic has as many partitions as promise.events: outputs go to the partition of the same number."""
    if events is None or description.partitions == events.partitions:
        return
    problem = f"has {description.partitions} partitions, {EVENTS.name} has {events.partitions}; they must stay equal"
    if description.partitions > events.partitions:
        recreate = f"delete both, create them with promises topics, and replay into {EVENTS.name}"
        yield Finding("error", topic.name, problem, recreate)
        return
    add = _kafka_tool("topics", bootstrap, f"--alter --topic {topic.name} --partitions {events.partitions}")
    exception = f"but if {EVENTS.name} got partitions after events were written, cases are split: then recreate all"
    yield Finding("error", topic.name, problem, f"{add} ({exception})")


def _check_replicas(bootstrap: str, topic: Topic, description: TopicDescription) -> Iterator[Finding]:
    """Check how many brokers may fail before records are lost or cannot be written."""
    replicas, in_sync = description.replicas, int(description.settings.get(IN_SYNC, "1"))
    expected = str(max(1, min(SAFE_IN_SYNC, replicas - 1)))
    if replicas < SAFE_REPLICATION:
        yield Finding("warning", topic.name, _FEW_REPLICAS[replicas], _USE_THREE)
    if in_sync > replicas:
        yield _setting(bootstrap, topic, IN_SYNC, str(in_sync), expected, "nothing can ever be written", "error")
    elif replicas >= SAFE_REPLICATION and in_sync == replicas:
        yield _setting(bootstrap, topic, IN_SYNC, str(in_sync), expected, _NO_SPARE, "warning")
    elif replicas >= SAFE_REPLICATION and in_sync < SAFE_IN_SYNC:
        yield _setting(bootstrap, topic, IN_SYNC, str(in_sync), expected, _ONE_ACK, "warning")
    if description.settings.get(_UNCLEAN) == "true":
        yield _setting(bootstrap, topic, _UNCLEAN, "true", "false", _UNCLEAN_ELECTION, "warning")


def _check_settings(bootstrap: str, topic: Topic, description: TopicDescription) -> Iterator[Finding]:
    for setting in topic.required:
        value = description.settings.get(setting.name)
        level = _level(setting, value) if value is not None else None
        if value is not None and level is not None:
            yield _setting(bootstrap, topic, setting.name, value, setting.value, setting.why, level)


def _level(setting: Setting, value: str) -> Level | None:
    """Return how severe `value` is; None if it is correct."""
    if value == setting.value:
        return None
    if setting.least is None:
        return "warning" if setting.advised else "error"
    if _amount(value) < _amount(setting.least):
        return "error"
    return "warning" if _amount(value) < _amount(setting.value) else None


def _amount(value: str) -> float:
    return float("inf") if value == _NO_LIMIT else float(value)


def _setting(bootstrap: str, topic: Topic, name: str, value: str, expected: str, why: str, level: Level) -> Finding:
    """Return the finding on a setting with another value than expected."""
    alter = f"--alter --entity-type topics --entity-name {topic.name} --add-config {name}={expected}"
    problem = f"{name} is {value}, should be {expected}: {why}"
    return Finding(level, topic.name, problem, _kafka_tool("configs", bootstrap, alter))


def _kafka_tool(name: str, bootstrap: str, arguments: str) -> str:
    """Return a command line of the tools that come with Kafka."""
    return f"kafka-{name}.sh --bootstrap-server {bootstrap} {arguments}"
