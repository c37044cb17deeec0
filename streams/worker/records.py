"""What books decide, as Kafka records: verdicts, alerts, and the records that were refused."""

from __future__ import annotations

import msgspec

from schemas.reading import Refused
from schemas.verdicts import VerdictRecord
from streams.engine.transport import Batch
from streams.kafka.reject_headers import RecordSource, refusal_headers, source_headers
from streams.kafka.topics import ALERTS, REJECTS, VERDICTS
from streams.records import ConsumedRecord, Headers, OutputRecord
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


def _headers(chunk: Batch, record: ConsumedRecord, refused: Refused) -> Headers:
    """Return why a record was refused, and where it was read."""
    source = RecordSource(chunk.tp.topic, chunk.tp.partition, record.offset, record.timestamp)
    return (*refusal_headers(refused), *source_headers(source))
