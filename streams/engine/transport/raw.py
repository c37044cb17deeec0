"""Records as aiokafka decodes them, without the object that it wraps around each.

That object costs 3 microseconds a record, a third of all that reading costs, and says nothing that the decoded record
does not say: offset, timestamp, key, value and headers.
"""

from __future__ import annotations

from typing import Any

from aiokafka.consumer.fetcher import PartitionRecords


def keep_raw_records() -> None:
    """Let every aiokafka consumer of this process return decoded records as they are (see `privates`)."""
    PartitionRecords._consumer_record = _as_decoded


def _as_decoded(_: Any, __: Any, record: Any) -> Any:
    return record
