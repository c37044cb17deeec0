"""Tests of the checks of topics: every problem has a remedy, and correct topics have none."""

from __future__ import annotations

import pytest

from streams.kafka.describe import TopicDescription
from streams.kafka.topic_checks import Finding, check_topics
from streams.kafka.topics import ALERTS, CHANGELOG, EVENTS, IN_SYNC, INTAKE, INTAKE_TOPICS, TOPICS, Topic, feed_topic

KAFKA = "kafka:9092"


def topics(partitions: int = 12, replicas: int = 3) -> dict[str, TopicDescription]:
    """Return all topics, as `promises topics` creates them."""
    return {topic.name: TopicDescription(partitions, replicas, topic.created_with(replicas)) for topic in TOPICS}


def with_settings(existing: dict[str, TopicDescription], topic: Topic, **settings: str) -> dict[str, TopicDescription]:
    """Return the topics with changed settings of one topic. An underscore in a name stands for a dot."""
    description = existing[topic.name]
    changed = {name.replace("_", "."): value for name, value in settings.items()}
    return existing | {topic.name: description._replace(settings={**description.settings, **changed})}


def alter_command(topic: Topic, setting: str) -> str:
    return f"kafka-configs.sh --bootstrap-server {KAFKA} --alter --entity-type topics --entity-name {topic.name} " + (
        f"--add-config {setting}"
    )


def only_finding(existing: dict[str, TopicDescription]) -> Finding:
    (finding,) = check_topics(KAFKA, existing)
    return finding


def test_created_topics_have_no_findings() -> None:
    assert check_topics(KAFKA, topics()) == []


def test_missing_topics_are_errors_with_the_command_that_creates_them() -> None:
    existing = topics()
    del existing[CHANGELOG.name]
    missing = only_finding(existing)
    assert (missing.level, missing.topics) == ("error", CHANGELOG.name)
    assert missing.remedy == "create it: promises topics --bootstrap kafka:9092 --partitions 12 --replication 3"
    all_missing = check_topics(KAFKA, {})
    assert [finding.topics for finding in all_missing] == [", ".join(topic.name for topic in TOPICS)]
    assert all_missing[0].remedy == "create it: promises topics --bootstrap kafka:9092"


def test_topics_of_intake_are_checked_if_there_are_feeds() -> None:
    square = feed_topic("feeds.square")
    (missing,) = check_topics(KAFKA, topics(), [square])
    assert (missing.level, missing.topics) == ("error", "promise.needs_fetch, promise.intake, feeds.square")
    assert missing.remedy == "create it: promises topics --bootstrap kafka:9092 --feeds FILE"
    made = {topic.name: TopicDescription(topic.partitions or 12, 3, topic.created_with(3)) for topic in INTAKE_TOPICS}
    assert check_topics(KAFKA, topics() | made) == []
    fed = made | {square.name: TopicDescription(5, 3, square.created_with(3))}
    assert check_topics(KAFKA, topics() | fed, [square]) == []
    (senders,) = check_topics(
        KAFKA, with_settings(topics() | fed, square, message_timestamp_type="CreateTime"), [square]
    )
    assert (senders.level, senders.topics) == ("warning", "feeds.square")
    (deleted,) = check_topics(KAFKA, with_settings(topics() | made, INTAKE, cleanup_policy="delete"))
    assert (deleted.level, deleted.topics) == ("error", "promise.intake")


def test_different_numbers_of_partitions_are_errors() -> None:
    existing = topics()
    existing[ALERTS.name] = existing[ALERTS.name]._replace(partitions=8)
    existing[CHANGELOG.name] = existing[CHANGELOG.name]._replace(partitions=16)
    few, many = sorted(check_topics(KAFKA, existing))
    assert (few.level, few.topics) == ("error", ALERTS.name)
    assert few.problem.startswith("has 8 partitions, promise.events has 12")
    assert few.remedy.startswith(
        "kafka-topics.sh --bootstrap-server kafka:9092 --alter --topic promise.alerts --partitions 12 "
    )
    assert (many.level, many.topics) == ("error", CHANGELOG.name)
    assert "delete both" in many.remedy


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
def test_a_wrong_setting_has_the_command_that_corrects_it(
    topic: Topic, setting: str, value: str, level: str, remedy: str
) -> None:
    finding = only_finding(with_settings(topics(), topic, **{setting: value}))
    assert (finding.level, finding.topics, finding.remedy) == (level, topic.name, alter_command(topic, remedy))
    assert finding.problem.startswith(f"{setting} is {value}, should be {remedy.partition('=')[2]}: ")
    corrected = with_settings(topics(), topic, **dict([remedy.split("=")]))
    assert check_topics(KAFKA, corrected) == []


def test_larger_limits_are_correct() -> None:
    existing = with_settings(topics(), CHANGELOG, **{"max.message.bytes": str(1 << 30)})
    assert check_topics(KAFKA, with_settings(existing, EVENTS, **{"max.message.bytes": str(1 << 26)})) == []


def test_a_single_broker_is_one_warning_for_all_topics() -> None:
    lone = only_finding(topics(replicas=1))
    assert lone.level == "warning"
    assert lone.topics == ", ".join(topic.name for topic in TOPICS)
    assert "can lose the marker of a commit" in lone.problem
    assert lone.remedy == "in production run 3 brokers, and create the topics with --replication 3"
    assert str(lone).startswith("warning: promise.events, ")
    assert "\n" not in str(lone)


def test_two_replicas_are_a_warning_and_unwritable_topics_an_error() -> None:
    assert "has two replicas" in only_finding(topics(replicas=2)).problem
    few, stuck = check_topics(KAFKA, with_settings(topics(replicas=1), EVENTS, **{IN_SYNC: "2"}))
    assert (few.level, stuck.level, stuck.topics) == ("warning", "error", EVENTS.name)
    assert stuck.remedy == alter_command(EVENTS, "min.insync.replicas=1")
