"""Progress in one partition of promise.alerts, as it is committed to Kafka: an offset with a text as its metadata.

Alerts are not settled in order, because one that is refused must not delay the others. The committed offset is that of
the first waiting alert. The text says up to where the partition was read, and which other alerts wait. So no settled
alert is sent again after a restart.
"""

from __future__ import annotations

from typing import Final, NamedTuple

_MAX_LISTED: Final = 300
"""The maximum number of alerts in the text, which Kafka limits to 4096 bytes (offset.metadata.max.bytes)."""


class CommittedPosition(NamedTuple):
    """A position to commit.

    text: empty, or numbers relative to `offset`: the next offset to read, then the other waiting offsets.
    """

    offset: int
    text: str = ""


class Progress:
    """The records of a partition that were read, and those of them that wait, from a committed position on."""

    def __init__(self, start: CommittedPosition) -> None:
        self._read_to, self._waiting = _parsed(start)
        self._not_yet_read = set(self._waiting)

    def read(self, offset: int) -> bool:
        """Mark the record at `offset` as read; offsets come in order. Return whether it waits to be settled."""
        deleted = {waiting for waiting in self._not_yet_read if waiting < offset}  # by the topic's retention
        self._not_yet_read -= {*deleted, offset}
        self._waiting -= deleted
        if offset >= self._read_to:
            self._read_to = offset + 1
            self._waiting.add(offset)
        return offset in self._waiting

    def settle(self, offset: int) -> None:
        """Mark the record at `offset` as done."""
        self._waiting.discard(offset)

    @property
    def position(self) -> CommittedPosition:
        """The position to commit now."""
        if not self._waiting:
            return CommittedPosition(self._read_to)
        first, *others = sorted(self._waiting)
        read_to = others[_MAX_LISTED] if len(others) > _MAX_LISTED else self._read_to
        return CommittedPosition(first, " ".join(str(offset - first) for offset in (read_to, *others[:_MAX_LISTED])))


def _parsed(start: CommittedPosition) -> tuple[int, set[int]]:
    """Return the next offset to read, and the waiting offsets. A text of another format is ignored."""
    numbers = start.text.split()
    if not numbers or not all(number.isascii() and number.isdecimal() for number in numbers):
        return start.offset, set()
    read_to, *others = (start.offset + int(number) for number in numbers)
    return read_to, {start.offset, *others}
