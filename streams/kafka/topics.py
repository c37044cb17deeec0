"""All topics, with the settings they need and the reasons. `promises topics` and `promises check` use them."""

from __future__ import annotations

from typing import Final, NamedTuple

from schemas.reading import MAX_BYTES

_LARGEST_VALUE: Final = 16 * MAX_BYTES
_LARGEST_STATE: Final = 32 * MAX_BYTES
_HEADERS: Final = 64 * 1024
_HOUR: Final = 3_600_000
_DAY: Final = 24 * _HOUR
_WEEK: Final = 7 * _DAY
_LARGEST_FEED: Final = 2 * MAX_BYTES

SAFE_REPLICATION: Final = 3
"""The number of replicas with which one broker may fail and no acknowledged record is lost."""

SAFE_IN_SYNC: Final = 2
"""The number of replicas that must have a record before it counts as written, out of SAFE_REPLICATION."""

IN_SYNC: Final = "min.insync.replicas"


class Setting(NamedTuple):
    """A setting of a topic.

    value: the topic is created with it. why: the consequence of another value. least: values from `value` up are
    correct, values below `least` are an error, and values between are a warning; None: only `value` is correct.
    advised: another value is only a warning.
    """

    name: str
    value: str
    why: str
    least: str | None = None
    advised: bool = False


class Topic(NamedTuple):
    """A topic and its required settings. partitions: the number it is created with, if that is fixed."""

    name: str
    required: tuple[Setting, ...]
    partitions: int | None = None

    @property
    def settings(self) -> dict[str, str]:
        """The settings that it is created with, regardless of the number of replicas."""
        return {setting.name: setting.value for setting in self.required}

    def created_with(self, replication: int) -> dict[str, str]:
        """Return the settings that it is created with for this number of replicas."""
        safe = {IN_SYNC: str(SAFE_IN_SYNC)} if replication >= SAFE_REPLICATION else {}
        return self.settings | safe


def _not_compacted(why: str) -> Setting:
    return Setting("cleanup.policy", "delete", why)


def _max_size(largest: int, why: str) -> Setting:
    return Setting("max.message.bytes", str(largest), why, least=str(largest))


EVENTS: Final = Topic(
    "promise.events",
    (
        _not_compacted("compaction keeps only the last event of a case and drops the history that it is judged by"),
        Setting(
            "retention.ms",
            "-1",
            "deleted events can be neither explained nor replayed, and a worker that was down for longer misses them",
            least=str(_DAY),
        ),
        Setting("retention.bytes", "-1", "events are deleted by size before their retention ends", advised=True),
        _max_size(_LARGEST_VALUE, "an event that is too large must arrive so that it can be refused with its reason"),
        # With the broker's time, a replayed history would seem to have happened today.
        Setting("message.timestamp.type", "CreateTime", "the clock needs the timestamps that producers set"),
        Setting(
            "message.timestamp.after.max.ms",
            str(2**63 - 1),
            "the broker refuses events of a device whose clock is ahead, and they are not counted",
            advised=True,
        ),
    ),
)
VERDICTS: Final = Topic(
    "promise.verdicts",
    (
        _not_compacted("compaction drops the verdicts on all promises of a case but one"),
        Setting("retention.ms", "-1", "deleted verdicts are missing from every later count", advised=True),
    ),
)
ALERTS: Final = Topic(
    "promise.alerts", (_not_compacted("compaction drops the alerts on all promises of a case but one"),)
)
REJECTS: Final = Topic(
    "promise.rejects",
    (
        _not_compacted("compaction keeps one refused record per key, and none without a key"),
        Setting("retention.ms", "-1", "deleted records cannot be sent again", advised=True),
        # Every record of promise.events must fit, with the headers that say why it was refused.
        _max_size(_LARGEST_VALUE + _HEADERS, "a refused record that does not fit stops its partition"),
    ),
)
CHANGELOG: Final = Topic(
    "promise.changelog",
    (
        # Not "compact,delete" either: a promise may be open for longer than any retention.
        Setting("cleanup.policy", "compact", "deletion by age loses the state of cases that are still open"),
        # The largest state of one case, and room for Kafka's overhead.
        _max_size(_LARGEST_STATE + _HEADERS, "the state of a case that does not fit stops its partition"),
        # Recovery reads all of it: compact when a tenth is outdated rather than half.
        Setting("min.cleanable.dirty.ratio", "0.1", "recovery reads more outdated records", advised=True),
        # The newest segment is never compacted, and a quiet partition would start the next one only after a week.
        Setting("segment.ms", str(_HOUR), "a quiet partition is compacted late", advised=True),
        # Long enough for the slowest reader to see that a case was removed.
        Setting("delete.retention.ms", str(_DAY), "removed cases stay for long, or slow readers miss it", advised=True),
        # No reader needs every record, so outdated ones may be compacted at once.
        Setting("min.compaction.lag.ms", "0", "recovery reads more outdated records", advised=True),
    ),
)
TOPICS: Final = (EVENTS, CHANGELOG, VERDICTS, ALERTS, REJECTS)
"""The topics of a worker. Each has as many partitions as promise.events."""

NEEDS_FETCH: Final = Topic(
    "promise.needs_fetch",
    (
        _not_compacted("compaction keeps one notification of an order and drops the others"),
        Setting("retention.ms", str(_WEEK), "orders of deleted notifications are never fetched", least=str(_DAY)),
        _max_size(_LARGEST_VALUE + _HEADERS, "a notification that does not fit stops its feed"),
    ),
)
INTAKE: Final = Topic(
    "promise.intake",
    (
        Setting("cleanup.policy", "compact", "deletion by age loses the position of a quiet feed"),
        # Recovery reads all of it, and each partition of a feed writes a few records a second.
        Setting("min.cleanable.dirty.ratio", "0.01", "recovery reads more outdated records", advised=True),
        Setting("segment.bytes", str(16 << 20), "outdated records stay for longer", advised=True),
        Setting("segment.ms", str(_HOUR), "outdated records stay for longer", advised=True),
        Setting("delete.retention.ms", str(_DAY), "slow readers miss removed keys", advised=True),
        Setting("min.compaction.lag.ms", "0", "recovery reads more outdated records", advised=True),
    ),
    partitions=1,  # keys must never move to another partition, however many the other topics have
)
INTAKE_TOPICS: Final = (NEEDS_FETCH, INTAKE)
"""The topics of intake beside promise.events, promise.rejects and those of its feeds."""


def feed_topic(name: str) -> Topic:
    """Return the topic of a feed with recommended settings, for feeds that have no topic yet."""
    return Topic(
        name,
        (
            Setting("cleanup.policy", "delete", "compaction drops records that intake has not read yet", advised=True),
            Setting(
                "retention.ms",
                str(_WEEK),
                "an intake that was down for longer misses the deleted records",
                least=str(_DAY),
                advised=True,
            ),
            # With the time of a sender whose clock is ahead, a feed would seem to be read further than it is.
            Setting(
                "message.timestamp.type",
                "LogAppendTime",
                "while intake is behind, the watermark of the feed follows the clocks of its senders",
                advised=True,
            ),
            Setting(
                "max.message.bytes",
                str(_LARGEST_FEED),
                "the broker refuses large records to their sender, instead of intake with a reason in promise.rejects",
                least=str(_LARGEST_FEED),
                advised=True,
            ),
        ),
    )


def transactional_id(partition: int) -> str:
    """Return the transactional id of the owner of `partition`.

    It does not depend on the consumer group: all groups share one changelog, so they must fence each other.
    """
    return f"promises-{EVENTS.name}-{partition}"


def intake_id(topic: str, partition: int) -> str:
    """Return the transactional id of the owner of a partition of a feed's topic, in any consumer group."""
    return f"promises-intake-{topic}-{partition}"
