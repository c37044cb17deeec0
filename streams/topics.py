"""Every topic, named once, with the settings that it needs."""

from __future__ import annotations

from typing import Final, NamedTuple

from schemas.reading import MAX_BYTES

_LARGEST_VALUE: Final = 16 * MAX_BYTES
_HEADERS: Final = 64 * 1024


class Topic(NamedTuple):
    """A topic and its Kafka settings."""

    name: str
    settings: dict[str, str]


EVENTS: Final = Topic(
    "promise.events",
    {
        "cleanup.policy": "delete",
        "retention.ms": "-1",  # a worker reads it from the start, and replayed records are as old as what they tell
        "retention.bytes": "-1",
        "max.message.bytes": str(_LARGEST_VALUE),
        "message.timestamp.type": "CreateTime",
        "message.timestamp.after.max.ms": str(2**63 - 1),  # a device with a wrong clock is our problem, not its end
    },
)
VERDICTS: Final = Topic("promise.verdicts", {"cleanup.policy": "delete", "retention.ms": "-1"})
ALERTS: Final = Topic("promise.alerts", {"cleanup.policy": "delete"})
REJECTS: Final = Topic(
    "promise.rejects",
    # Whatever promise.events took must fit, with the headers that say why it was refused.
    {"cleanup.policy": "delete", "retention.ms": "-1", "max.message.bytes": str(_LARGEST_VALUE + _HEADERS)},
)
CHANGELOG: Final = Topic(
    "promise.changelog", {"cleanup.policy": "compact", "max.message.bytes": str((32 << 20) + _HEADERS)}
)
TOPICS: Final = (EVENTS, CHANGELOG, VERDICTS, ALERTS, REJECTS)
