"""The interface between transport and application: batches of records in, one position per partition back. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from faust.types import TP

from streams.records import ConsumedRecord


class ReadPosition(Protocol):
    """The position of the application in one partition. The application changes it; the transport only reads it."""

    @property
    def next(self) -> int:
        """The offset to read next: the application has all records below it in memory."""

    @property
    def durable(self) -> int:
        """The offset to commit for the group: all outputs of the records below it are written. 0 commits nothing."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of one partition, at least one.

    start: the end of the batch before, or the offset where reading began. A missing batch shows only by `start`: there
    may be gaps before the first record and between records, from compaction and from markers of transactions.
    """

    tp: TP
    start: int
    records: Sequence[ConsumedRecord]

    @property
    def end(self) -> int:
        """The offset after the last record: the application's `next` once it has applied the batch."""
        return self.records[-1].offset + 1

    def since(self, offset: int) -> Sequence[ConsumedRecord]:
        """Return the records from `offset` on."""
        if self.records[0].offset >= offset:
            return self.records
        return [record for record in self.records if record.offset >= offset]
