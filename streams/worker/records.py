"""What books decide, as Kafka records: verdicts, alerts, and the records that were refused."""

from __future__ import annotations

import msgspec

from schemas.reading import Refused
from schemas.verdicts import VerdictRecord
from streams.engine.transport import Batch
from streams.kafka.topics import ALERTS, REJECTS, VERDICTS
from streams.records import ConsumedRecord, OutputRecord
from streams.state.outputs import Output

_encode = msgspec.json.Encoder().encode


def said(output: Output) -> OutputRecord:
    """A verdict or an alert, keyed by case."""
    topic = VERDICTS if isinstance(output, VerdictRecord) else ALERTS
    return OutputRecord(topic.name, output.case.encode(), _encode(output))


def refusal(chunk: Batch, record: ConsumedRecord, refused: Refused) -> OutputRecord:
    """A record as it came, with the reason.

    One without key and value gets an empty value: a Kafka client sends no record that has neither.
    """
    value = b"" if record.key is None and record.value is None else record.value
    return OutputRecord(REJECTS.name, record.key, value, _headers(chunk, record, refused))


def _headers(chunk: Batch, record: ConsumedRecord, refused: Refused) -> tuple[tuple[str, bytes], ...]:
    """Why a record was refused, and where it stands."""
    told = {
        "reason": refused.reason,
        "detail": refused.detail,
        "topic": chunk.tp.topic,
        "partition": str(chunk.tp.partition),
        "offset": str(record.offset),
        "timestamp": str(record.timestamp),
    }
    return tuple((name, text.encode(errors="replace")) for name, text in told.items())
