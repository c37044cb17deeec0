"""What books decide, on its way to Kafka: verdicts, alerts, and the records that were refused."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer
from mode import Service

from schemas.reading import Refused
from schemas.verdicts import VerdictRecord
from streams.book.outputs import Output
from streams.connection import Connection
from streams.topics import ALERTS, REJECTS, VERDICTS
from streams.transport import Chunk, Record

Sending = asyncio.Future[Any]


class Outbox(Service):
    """A producer that waits for all replicas and never writes one record twice; it lives as long as the app."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection
        self._producer: AIOKafkaProducer | None = None

    async def on_start(self) -> None:
        """Connect. Raises aiokafka's KafkaError."""
        self._producer = AIOKafkaProducer(
            **self._connection.for_aiokafka(), enable_idempotence=True, max_request_size=32 << 20, linger_ms=2
        )
        await self._producer.start()

    async def on_stop(self) -> None:
        """Send what is left, and disconnect."""
        if self._producer is not None:
            await self._producer.stop()

    async def say(self, output: Output) -> Sending:
        """Send a verdict or an alert, keyed by case; the result is there when it is written."""
        topic = VERDICTS if isinstance(output, VerdictRecord) else ALERTS
        return await self._send(topic.name, output.case.encode(), msgspec.json.encode(output))

    async def refuse(self, chunk: Chunk, record: Record, refused: Refused) -> Sending:
        """Send a record to the rejects as it came, with the reason.

        One without key and value gets an empty value: the client sends no record that has neither.
        """
        value = b"" if record.key is None and record.value is None else record.value
        return await self._send(REJECTS.name, record.key, value, _headers(chunk, record, refused))

    async def _send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()
    ) -> Sending:
        assert self._producer is not None, "the outbox has not started"
        sending: Sending = await self._producer.send(topic, value=value, key=key, headers=list(headers))
        return sending


def _headers(chunk: Chunk, record: Record, refused: Refused) -> list[tuple[str, bytes]]:
    """Why a record was refused, and where it stands."""
    said = {
        "reason": refused.reason,
        "detail": refused.detail,
        "topic": chunk.tp.topic,
        "partition": str(chunk.tp.partition),
        "offset": str(record.offset),
        "timestamp": str(record.timestamp),
    }
    return [(name, text.encode(errors="replace")) for name, text in said.items()]
