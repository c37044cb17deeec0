"""What is wrong with the topics of a Kafka, each with what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, NamedTuple

from streams.kafka.describe import TopicDescription
from streams.kafka.topics import EVENTS, IN_SYNC, INTAKE_TOPICS, SAFE_IN_SYNC, SAFE_REPLICATION, TOPICS, Setting, Topic

Level = Literal["error", "warning"]

_UNCLEAN: Final = "unclean.leader.election.enable"
_NO_LIMIT: Final = "-1"

_STANDS: Final = "nothing can be written while any broker is away"
_ALONE: Final = "what one broker alone has counts as written, and is lost with it"
_BEHIND: Final = "a copy that is behind may become the leader, and what was acknowledged since is lost"
_FEW: Final = {
    1: "has one copy: what its broker loses is lost, and a lone broker that is stopped under load can lose the marker "
    "of a commit, which hides acknowledged records until the partition is opened again",
    2: "has two copies: while one of their brokers is away, either nothing can be written or one disk holds it alone",
}
_MORE: Final = (
    f"in production run {SAFE_REPLICATION} brokers, and create the topics with --replication {SAFE_REPLICATION}"
)


class Finding(NamedTuple):
    """What is wrong. where: the topic, or several with commas. what: what it is, and why that is bad. remedy: a
    command, or what to set."""

    level: Level
    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.level}: {self.where}: {self.what}; {self.remedy}"


def findings(bootstrap: str, found: Mapping[str, TopicDescription], feeds: Iterable[Topic] = ()) -> list[Finding]:
    """What is wrong with these topics of the Kafka at `bootstrap`; what is wrong with several alike is said once.

    feeds: the topics of feeds that are to be there. Without any, those of intake need not be there either.
    """
    where: dict[Finding, list[str]] = {}
    for finding in (*_all(bootstrap, found), *_of_intake(bootstrap, found, tuple(feeds))):
        where.setdefault(finding._replace(where=""), []).append(finding.where)
    return [finding._replace(where=", ".join(topics)) for finding, topics in where.items()]


def _all(bootstrap: str, found: Mapping[str, TopicDescription]) -> Iterator[Finding]:
    events = found.get(EVENTS.name)
    for topic in TOPICS:
        one = found.get(topic.name)
        if one is None:
            yield _missing(bootstrap, topic, events)
        else:
            yield from _number(bootstrap, topic, one, events)
            yield from _copies(bootstrap, topic, one)
            yield from _settings(bootstrap, topic, one)


def _of_intake(bootstrap: str, found: Mapping[str, TopicDescription], feeds: tuple[Topic, ...]) -> Iterator[Finding]:
    for topic in (*INTAKE_TOPICS, *feeds):
        one = found.get(topic.name)
        if one is not None:
            yield from _copies(bootstrap, topic, one)
            yield from _settings(bootstrap, topic, one)
        elif feeds:
            create = f"create it: promises topics --bootstrap {bootstrap} --feeds FILE"
            yield Finding("error", topic.name, "is not there", create)


def _missing(bootstrap: str, topic: Topic, events: TopicDescription | None) -> Finding:
    as_events = f" --partitions {events.partitions} --replication {events.copies}" if events else ""
    create = f"create it: promises topics --bootstrap {bootstrap}{as_events}"
    return Finding("error", topic.name, "is not there", create)


def _number(bootstrap: str, topic: Topic, one: TopicDescription, events: TopicDescription | None) -> Iterator[Finding]:
    """Whatever comes of a partition of promise.events goes to the partition of the same number."""
    if events is None or one.partitions == events.partitions:
        return
    what = f"has {one.partitions} partitions, {EVENTS.name} has {events.partitions}; they must be equal and stay so"
    if one.partitions > events.partitions:
        anew = f"create both anew with promises topics, and replay into {EVENTS.name}"
        yield Finding("error", topic.name, what, anew)
        return
    add = _tool("topics", bootstrap, f"--alter --topic {topic.name} --partitions {events.partitions}")
    grown = f"unless {EVENTS.name} grew after events were written, which splits cases: then create all anew"
    yield Finding("error", topic.name, what, f"{add} ({grown})")


def _copies(bootstrap: str, topic: Topic, one: TopicDescription) -> Iterator[Finding]:
    """How many brokers may fail before something is lost or stands still."""
    in_sync = int(one.settings.get(IN_SYNC, "1"))
    should = str(max(1, min(SAFE_IN_SYNC, one.copies - 1)))
    if one.copies < SAFE_REPLICATION:
        yield Finding("warning", topic.name, _FEW[one.copies], _MORE)
    if in_sync > one.copies:
        yield _other(bootstrap, topic, IN_SYNC, str(in_sync), should, "nothing can ever be written", "error")
    elif one.copies >= SAFE_REPLICATION and in_sync == one.copies:
        yield _other(bootstrap, topic, IN_SYNC, str(in_sync), should, _STANDS, "warning")
    elif one.copies >= SAFE_REPLICATION and in_sync < SAFE_IN_SYNC:
        yield _other(bootstrap, topic, IN_SYNC, str(in_sync), should, _ALONE, "warning")
    if one.settings.get(_UNCLEAN) == "true":
        yield _other(bootstrap, topic, _UNCLEAN, "true", "false", _BEHIND, "warning")


def _settings(bootstrap: str, topic: Topic, one: TopicDescription) -> Iterator[Finding]:
    for setting in topic.wanted:
        value = one.settings.get(setting.name)
        level = _level(setting, value) if value is not None else None
        if value is not None and level is not None:
            yield _other(bootstrap, topic, setting.name, value, setting.value, setting.why, level)


def _level(setting: Setting, value: str) -> Level | None:
    """How bad `value` is; None: not at all."""
    if value == setting.value:
        return None
    if setting.least is None:
        return "warning" if setting.advised else "error"
    if _amount(value) < _amount(setting.least):
        return "error"
    return "warning" if _amount(value) < _amount(setting.value) else None


def _amount(value: str) -> float:
    return float("inf") if value == _NO_LIMIT else float(value)


def _other(bootstrap: str, topic: Topic, name: str, value: str, should: str, why: str, level: Level) -> Finding:
    alter = f"--alter --entity-type topics --entity-name {topic.name} --add-config {name}={should}"
    return Finding(
        level, topic.name, f"{name} is {value}, should be {should}: {why}", _tool("configs", bootstrap, alter)
    )


def _tool(name: str, bootstrap: str, arguments: str) -> str:
    """A command line of the tools that come with Kafka."""
    return f"kafka-{name}.sh --bootstrap-server {bootstrap} {arguments}"
