"""The Kafka records that a worker writes: verdicts, alerts, and rejects."""

from __future__ import annotations

import msgspec

from schemas.reading import Refused
from schemas.verdicts import VerdictRecord
from streams.engine.transport import Batch
from streams.kafka.reject_headers import refusal_headers, source_headers
from streams.kafka.topics import ALERTS, REJECTS, VERDICTS
from streams.records import ConsumedRecord, Headers, OutputRecord
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
    return OutputRecord(topic=REJECTS.name, key=record.key, value=value, headers=_headers(batch, record, refused))


def _headers(batch: Batch, record: ConsumedRecord, refused: Refused) -> Headers:
    return (*refusal_headers(refused), *source_headers(batch.tp.topic, batch.tp.partition, record))
