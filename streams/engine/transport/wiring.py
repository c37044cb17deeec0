"""How an application gets chunks: a schema for its topics, and `install` for its Faust app."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from aiokafka.consumer.fetcher import PartitionRecords
from faust import App
from faust.serializers.schemas import Schema
from faust.types import TP, AppT, Message

from streams.engine.transport.batches import Batch, ReadPosition
from streams.engine.transport.driver import BatchConsumer, BatchTransport, Refusal
from streams.engine.transport.positions import ReadPositions


def keep_raw_records() -> None:
    """Let every aiokafka consumer of this process return decoded records as they are (see `privates`)."""
    PartitionRecords._consumer_record = _as_decoded


def _as_decoded(_: Any, __: Any, record: Any) -> Any:
    return record


OpenPositions = Callable[[Mapping[TP, int | None]], Awaitable[None]]
"""Called at the end of each rebalance with all partitions now assigned and the offset that the group has committed of
each (None: never). When it returns, there is a position for each of them."""


class BatchSchema(Schema[None, Batch]):
    """For topics whose agents take chunks: hands them over as they are, so no value can fail to decode in Faust."""

    def loads_key(self, app: AppT, message: Message, **_: Any) -> None:
        return None

    def loads_value(self, app: AppT, message: Message, **_: Any) -> Batch:
        return cast(Batch, message.value)


def _raise(error: Exception) -> None:
    raise error


def install(
    app: App, positions: Mapping[TP, ReadPosition], open_positions: OpenPositions, refused: Refusal = _raise
) -> ReadPositions:
    """Let the agents of `app` take chunks, of topics with a ChunkSchema, read from `positions`.

    Call it before the app starts. `open_positions` fills `positions` at each rebalance, which may take as long as it
    needs; an error in it ends the worker. `refused` is told why Kafka does not let us read on, such as a permission
    that was taken back, and ends the worker. The result answers what the application asks while it runs.
    """
    reading = ReadPositions(positions)

    async def complete(*_: Any, **__: Any) -> None:
        consumer = cast(BatchConsumer, app.consumer)
        assigned = consumer.assignment()
        await open_positions(await consumer.committed(assigned))
        _check(assigned, positions)
        # Faust seeks after this and then empties its queues: what was handed over in between would have to be re-read.
        consumer.stop_flow()

    async def revoked(*_: Any, **__: Any) -> None:
        reading.forget()

    keep_raw_records()
    app.finalize()
    app.transport = BatchTransport(app, reading, refused)
    app.on_rebalance_complete.connect(complete)
    app.on_partitions_revoked.connect(revoked)
    return reading


def _check(assigned: set[TP], positions: Mapping[TP, ReadPosition]) -> None:
    if missing := assigned - positions.keys():
        names = ", ".join(sorted(f"{tp.topic}[{tp.partition}]" for tp in missing))
        raise LookupError(
            f"No position for {names}. open_positions must make one for every partition that it is given; "
            "topic_disable_leader=True keeps Faust from adding a topic of its own."
        )
