"""What an agent is given, chunks, and what the application says of each partition, a position. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from faust.types import TP

from streams.records import ConsumedRecord


class ReadPosition(Protocol):
    """How far the application is in one partition; the application changes it, the transport only reads it."""

    @property
    def next(self) -> int:
        """The offset to read next: everything below is in the application's memory."""

    @property
    def durable(self) -> int:
        """The offset to commit for the group: what is below needs no new outputs. 0 commits nothing."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of one partition, at least one.

    `start` is the end of the chunk that was handed over before it, or where reading began. Offsets may have gaps before
    the first record and between records (compaction, transaction markers), so nothing else tells whether a chunk is
    missing.
    """

    tp: TP
    start: int
    records: Sequence[ConsumedRecord]

    @property
    def end(self) -> int:
        """The offset after the last record: the application's `next` once it has applied the chunk."""
        return self.records[-1].offset + 1

    def since(self, offset: int) -> Sequence[ConsumedRecord]:
        """The records at `offset` and after it."""
        if self.records[0].offset >= offset:
            return self.records
        return [record for record in self.records if record.offset >= offset]
