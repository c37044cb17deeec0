"""The Kafka records that a worker writes: verdicts, alerts, and rejects."""

from __future__ import annotations

import msgspec

from schemas.reading import Refused
from schemas.verdicts import VerdictRecord
from streams.engine.transport import Batch
from streams.kafka.topics import ALERTS, REJECTS, VERDICTS
from streams.records import ConsumedRecord, OutputRecord
from streams.state.outputs import Output

_encode = msgspec.json.Encoder().encode


def output_record(output: Output) -> OutputRecord:
    """Return the record of a verdict or an alert, keyed by case."""
    topic = VERDICTS if isinstance(output, VerdictRecord) else ALERTS
    return OutputRecord(topic.name, output.case.encode(), _encode(output))


def reject_record(batch: Batch, record: ConsumedRecord, refused: Refused) -> OutputRecord:
    """Return the record for promise.rejects: the refused record, with the reason and its position as headers.

    A record without key and value gets an empty value, because no Kafka client sends a record that has neither.
    """
    value = b"" if record.key is None and record.value is None else record.value
    return OutputRecord(REJECTS.name, record.key, value, _headers(batch, record, refused))


def _headers(batch: Batch, record: ConsumedRecord, refused: Refused) -> tuple[tuple[str, bytes], ...]:
    headers = {
        "reason": refused.reason,
        "detail": refused.detail,
        "topic": batch.tp.topic,
        "partition": str(batch.tp.partition),
        "offset": str(record.offset),
        "timestamp": str(record.timestamp),
    }
    return tuple((name, text.encode(errors="replace")) for name, text in headers.items())
