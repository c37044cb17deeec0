"""A platform engineer has topics looked at: only what is not as it must be is named, with a remedy."""

from __future__ import annotations

import pytest

from streams.kafka.describe import TopicDescription
from streams.kafka.topic_checks import Finding, findings
from streams.kafka.topics import ALERTS, CHANGELOG, EVENTS, IN_SYNC, INTAKE, INTAKE_TOPICS, TOPICS, Topic, feed_topic

KAFKA = "kafka:9092"


def topics(partitions: int = 12, copies: int = 3) -> dict[str, TopicDescription]:
    """All topics, as `promises topics` makes them."""
    return {topic.name: TopicDescription(partitions, copies, topic.created_with(copies)) for topic in TOPICS}


def but(found: dict[str, TopicDescription], topic: Topic, **settings: str) -> dict[str, TopicDescription]:
    """The same with these settings of one topic changed; an underscore stands for a dot."""
    one = found[topic.name]
    changed = {name.replace("_", "."): value for name, value in settings.items()}
    return found | {topic.name: one._replace(settings={**one.settings, **changed})}


def altered(topic: Topic, setting: str) -> str:
    return f"kafka-configs.sh --bootstrap-server {KAFKA} --alter --entity-type topics --entity-name {topic.name} " + (
        f"--add-config {setting}"
    )


def only(found: dict[str, TopicDescription]) -> Finding:
    (one,) = findings(KAFKA, found)
    return one


def test_what_promises_topics_creates_is_as_it_must_be() -> None:
    assert findings(KAFKA, topics()) == []


def test_each_topic_that_is_missing_is_created_like_the_events() -> None:
    found = topics()
    del found[CHANGELOG.name]
    missing = only(found)
    assert (missing.level, missing.where) == ("error", CHANGELOG.name)
    assert missing.remedy == "create it: promises topics --bootstrap kafka:9092 --partitions 12 --replication 3"
    nothing = findings(KAFKA, {})
    assert [one.where for one in nothing] == [", ".join(topic.name for topic in TOPICS)]
    assert nothing[0].remedy == "create it: promises topics --bootstrap kafka:9092"


def test_topics_of_intake_are_missed_where_there_are_feeds() -> None:
    square = feed_topic("feeds.square")
    (missing,) = findings(KAFKA, topics(), [square])
    assert (missing.level, missing.where) == ("error", "promise.needs_fetch, promise.intake, feeds.square")
    assert missing.remedy == "create it: promises topics --bootstrap kafka:9092 --feeds FILE"
    made = {topic.name: TopicDescription(topic.partitions or 12, 3, topic.created_with(3)) for topic in INTAKE_TOPICS}
    assert findings(KAFKA, topics() | made) == []
    fed = made | {square.name: TopicDescription(5, 3, square.created_with(3))}
    assert findings(KAFKA, topics() | fed, [square]) == []
    (senders,) = findings(KAFKA, but(topics() | fed, square, message_timestamp_type="CreateTime"), [square])
    assert (senders.level, senders.where) == ("warning", "feeds.square")
    (deleted,) = findings(KAFKA, but(topics() | made, INTAKE, cleanup_policy="delete"))
    assert (deleted.level, deleted.where) == ("error", "promise.intake")


def test_topics_with_other_numbers_of_partitions_are_errors() -> None:
    found = topics()
    found[ALERTS.name] = found[ALERTS.name]._replace(partitions=8)
    found[CHANGELOG.name] = found[CHANGELOG.name]._replace(partitions=16)
    few, many = sorted(findings(KAFKA, found))
    assert (few.level, few.where) == ("error", ALERTS.name)
    assert few.what.startswith("has 8 partitions, promise.events has 12")
    assert few.remedy.startswith(
        "kafka-topics.sh --bootstrap-server kafka:9092 --alter --topic promise.alerts --partitions 12 "
    )
    assert (many.level, many.where) == ("error", CHANGELOG.name)
    assert "create both anew" in many.remedy


@pytest.mark.parametrize(
    ("topic", "setting", "value", "level", "remedy"),
    [
        (EVENTS, "cleanup.policy", "compact", "error", "cleanup.policy=delete"),
        (CHANGELOG, "cleanup.policy", "delete", "error", "cleanup.policy=compact"),
        (CHANGELOG, "cleanup.policy", "compact,delete", "error", "cleanup.policy=compact"),
        (EVENTS, "max.message.bytes", "1048588", "error", "max.message.bytes=16777216"),
        (CHANGELOG, "max.message.bytes", "33554432", "error", "max.message.bytes=33619968"),
        (EVENTS, "message.timestamp.type", "LogAppendTime", "error", "message.timestamp.type=CreateTime"),
        (EVENTS, "retention.ms", "3600000", "error", "retention.ms=-1"),
        (EVENTS, "retention.ms", "604800000", "warning", "retention.ms=-1"),
        (CHANGELOG, "min.cleanable.dirty.ratio", "0.5", "warning", "min.cleanable.dirty.ratio=0.1"),
        (EVENTS, IN_SYNC, "1", "warning", "min.insync.replicas=2"),
        (EVENTS, IN_SYNC, "3", "warning", "min.insync.replicas=2"),
        (EVENTS, IN_SYNC, "4", "error", "min.insync.replicas=2"),
        (ALERTS, "unclean.leader.election.enable", "true", "warning", "unclean.leader.election.enable=false"),
    ],
)
def test_a_setting_that_is_not_as_it_must_be_is_told_with_the_command_that_mends_it(
    topic: Topic, setting: str, value: str, level: str, remedy: str
) -> None:
    found = only(but(topics(), topic, **{setting: value}))
    assert (found.level, found.where, found.remedy) == (level, topic.name, altered(topic, remedy))
    assert found.what.startswith(f"{setting} is {value}, should be {remedy.partition('=')[2]}: ")
    mended = but(topics(), topic, **dict([remedy.split("=")]))
    assert findings(KAFKA, mended) == []


def test_more_than_must_be_is_as_good() -> None:
    found = but(topics(), CHANGELOG, **{"max.message.bytes": str(1 << 30)})
    assert findings(KAFKA, but(found, EVENTS, **{"max.message.bytes": str(1 << 26)})) == []


def test_a_lone_broker_is_a_warning_that_is_said_once_and_says_why() -> None:
    lone = only(topics(copies=1))
    assert lone.level == "warning"
    assert lone.where == ", ".join(topic.name for topic in TOPICS)
    assert "can lose the marker of a commit" in lone.what
    assert lone.remedy == "in production run 3 brokers, and create the topics with --replication 3"
    assert str(lone).startswith("warning: promise.events, ")
    assert "\n" not in str(lone)


def test_two_copies_are_a_warning_and_none_that_can_be_written_an_error() -> None:
    assert "has two copies" in only(topics(copies=2)).what
    few, stuck = findings(KAFKA, but(topics(copies=1), EVENTS, **{IN_SYNC: "2"}))
    assert (few.level, stuck.level, stuck.where) == ("warning", "error", EVENTS.name)
    assert stuck.remedy == altered(EVENTS, "min.insync.replicas=1")
