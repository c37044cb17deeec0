"""Every topic, named once, with the settings that it needs and why: `promises topics` and `promises check` read it."""

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
"""Copies from which on one broker may fail and nothing that was acknowledged is lost."""

SAFE_IN_SYNC: Final = 2
"""Copies that must have a record before it counts, where there are SAFE_REPLICATION of them."""

IN_SYNC: Final = "min.insync.replicas"


class Setting(NamedTuple):
    """A setting of a topic: the value that it is created with, and what another value means.

    why: what goes wrong with another. least: more is as good as `value`, anything below `least` is an error and what
    lies between is a warning; None: it must be `value`. advised: another value is a warning only.
    """

    name: str
    value: str
    why: str
    least: str | None = None
    advised: bool = False


class Topic(NamedTuple):
    """A topic and the settings that must hold for it. partitions: how many it is created with, where that is fixed."""

    name: str
    wanted: tuple[Setting, ...]
    partitions: int | None = None

    @property
    def settings(self) -> dict[str, str]:
        """The settings that it is created with, whatever the number of copies."""
        return {setting.name: setting.value for setting in self.wanted}

    def created_with(self, replication: int) -> dict[str, str]:
        """The settings that it is created with in so many copies."""
        safe = {IN_SYNC: str(SAFE_IN_SYNC)} if replication >= SAFE_REPLICATION else {}
        return self.settings | safe


def _kept(why: str) -> Setting:
    return Setting("cleanup.policy", "delete", why)


def _size(largest: int, why: str) -> Setting:
    return Setting("max.message.bytes", str(largest), why, least=str(largest))


EVENTS: Final = Topic(
    "promise.events",
    (
        _kept("compaction keeps the last event of a case and drops the history that it is judged by"),
        Setting(
            "retention.ms",
            "-1",
            "what is gone can be neither explained nor replayed, and a worker that was away for longer has missed it",
            least=str(_DAY),
        ),
        Setting("retention.bytes", "-1", "events are dropped by size before their time", advised=True),
        _size(_LARGEST_VALUE, "an event that is too large must come through to be refused with its reason"),
        # With the broker's time a replayed history would have happened today.
        Setting("message.timestamp.type", "CreateTime", "the clock follows the time that producers gave"),
        Setting(
            "message.timestamp.after.max.ms",
            str(2**63 - 1),
            "the broker refuses the events of a device whose clock is ahead, and nobody counts them",
            advised=True,
        ),
    ),
)
VERDICTS: Final = Topic(
    "promise.verdicts",
    (
        _kept("compaction drops the verdicts on all promises of a case but one"),
        Setting("retention.ms", "-1", "verdicts that are gone are missing in every later count of them", advised=True),
    ),
)
ALERTS: Final = Topic("promise.alerts", (_kept("compaction drops the alerts on all promises of a case but one"),))
REJECTS: Final = Topic(
    "promise.rejects",
    (
        _kept("compaction keeps one refused record a key and none without a key"),
        Setting("retention.ms", "-1", "refused records that are gone cannot be mended and sent again", advised=True),
        # Whatever promise.events took must fit, with the headers that say why it was refused.
        _size(_LARGEST_VALUE + _HEADERS, "a refused record that does not fit stops its partition"),
    ),
)
CHANGELOG: Final = Topic(
    "promise.changelog",
    (
        # Never "compact,delete" either: a promise may be open for longer than any retention.
        Setting("cleanup.policy", "compact", "deletion by age loses the state of cases that are still open"),
        # The largest state of one case, and room for what Kafka puts around it.
        _size(_LARGEST_STATE + _HEADERS, "the state of a case that does not fit stops its partition"),
        # An owner reads all of it before it goes on: clean when a tenth is outdated, not when half of it is.
        Setting("min.cleanable.dirty.ratio", "0.1", "a new owner reads more that is outdated", advised=True),
        # What is in the newest segment is never compacted; a quiet partition would wait a week for the next.
        Setting("segment.ms", str(_HOUR), "a quiet partition is compacted late", advised=True),
        # Long enough for the slowest reader to see that a case is gone, short enough to be rid of it.
        Setting("delete.retention.ms", str(_DAY), "cases that are gone stay, or slow readers miss it", advised=True),
        # Nobody follows it record by record, so what is outdated may go at once.
        Setting("min.compaction.lag.ms", "0", "a new owner reads more that is outdated", advised=True),
    ),
)
TOPICS: Final = (EVENTS, CHANGELOG, VERDICTS, ALERTS, REJECTS)
"""What a worker needs. Each has as many partitions as promise.events."""

NEEDS_FETCH: Final = Topic(
    "promise.needs_fetch",
    (
        _kept("compaction keeps one notification of an order and drops the others"),
        Setting("retention.ms", str(_WEEK), "what is gone is never fetched", least=str(_DAY)),
        _size(_LARGEST_VALUE + _HEADERS, "a notification that does not fit stops its feed"),
    ),
)
INTAKE: Final = Topic(
    "promise.intake",
    (
        Setting("cleanup.policy", "compact", "deletion by age loses how far a quiet feed is read"),
        # An owner reads all of it before it goes on, and it holds a few records a second for each partition of a feed.
        Setting("min.cleanable.dirty.ratio", "0.01", "a new owner reads more that is outdated", advised=True),
        Setting("segment.bytes", str(16 << 20), "what is outdated stays for longer", advised=True),
        Setting("segment.ms", str(_HOUR), "what is outdated stays for longer", advised=True),
        Setting("delete.retention.ms", str(_DAY), "slow readers miss what is gone", advised=True),
        Setting("min.compaction.lag.ms", "0", "a new owner reads more that is outdated", advised=True),
    ),
    partitions=1,  # its keys never move to another partition, however many the other topics have
)
INTAKE_TOPICS: Final = (NEEDS_FETCH, INTAKE)
"""What intake needs beside promise.events, promise.rejects and the topics of its feeds."""


def feed_topic(name: str) -> Topic:
    """The topic of a feed as it is best, for feeds whose senders have none yet."""
    return Topic(
        name,
        (
            Setting("cleanup.policy", "delete", "compaction drops records that were not read yet", advised=True),
            Setting(
                "retention.ms",
                str(_WEEK),
                "an intake that was away for longer has missed what is gone",
                least=str(_DAY),
                advised=True,
            ),
            # A sender whose clock is ahead would make a feed that is behind look as if it had been read further.
            Setting(
                "message.timestamp.type",
                "LogAppendTime",
                "while intake is behind, the clock of the feed follows the clocks of its senders",
                advised=True,
            ),
            Setting(
                "max.message.bytes",
                str(_LARGEST_FEED),
                "what is too large to be taken is refused to its sender, and not kept with a reason",
                least=str(_LARGEST_FEED),
                advised=True,
            ),
        ),
    )


def transactional_id(partition: int) -> str:
    """Under which the owner of `partition` writes, whatever its consumer group: the changelog is one, so two groups
    must shut each other out."""
    return f"promises-{EVENTS.name}-{partition}"


def intake_id(topic: str, partition: int) -> str:
    """Under which the owner of a partition of a feed's topic writes, whatever its consumer group."""
    return f"promises-intake-{topic}-{partition}"
