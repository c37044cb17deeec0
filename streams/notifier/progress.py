"""How far one partition of promise.alerts is dealt with, as it is committed to Kafka: an offset and a text beside it.

Alerts are not settled in their order: one that is refused must not hold up the others. What is committed is the
offset of the first that waits, and in the text how far was read and which others wait. So a restart repeats nothing
that was settled.
"""

from __future__ import annotations

from typing import Final, NamedTuple

_MOST: Final = 300
"""Waiting alerts in the text, which Kafka limits to 4096 bytes (offset.metadata.max.bytes)."""


class CommittedPosition(NamedTuple):
    """What is committed. text: empty, or numbers relative to offset: how far was read, then the others that wait."""

    offset: int
    text: str = ""


class Progress:
    """Which records of a partition were read and which of them wait, from a committed Position on."""

    def __init__(self, start: CommittedPosition) -> None:
        self._read_to, self._waiting = _parsed(start)
        self._not_yet_read = set(self._waiting)

    def read(self, offset: int) -> bool:
        """Note that the record at `offset` was read, in order. Whether it is still to be settled; then it waits."""
        gone = {one for one in self._not_yet_read if one < offset}  # by the topic's retention
        self._not_yet_read -= {*gone, offset}
        self._waiting -= gone
        if offset >= self._read_to:
            self._read_to = offset + 1
            self._waiting.add(offset)
        return offset in self._waiting

    def settle(self, offset: int) -> None:
        """Note that nothing is left to do for `offset`."""
        self._waiting.discard(offset)

    @property
    def position(self) -> CommittedPosition:
        """What to commit now."""
        if not self._waiting:
            return CommittedPosition(self._read_to)
        first, *others = sorted(self._waiting)
        read_to = others[_MOST] if len(others) > _MOST else self._read_to
        return CommittedPosition(first, " ".join(str(one - first) for one in (read_to, *others[:_MOST])))


def _parsed(start: CommittedPosition) -> tuple[int, set[int]]:
    """How far was read, and what waits. A text that is not ours says nothing."""
    numbers = start.text.split()
    if not numbers or not all(one.isascii() and one.isdecimal() for one in numbers):
        return start.offset, set()
    read_to, *others = (start.offset + int(one) for one in numbers)
    return read_to, {start.offset, *others}
