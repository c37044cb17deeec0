"""The installation of the batch transport in a Faust app: `install`, and the schema for topics of batches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from aiokafka.consumer.fetcher import PartitionRecords
from faust import App
from faust.serializers.schemas import Schema
from faust.types import TP, AppT, Message

from streams.engine.timing import TIMING, Timing
from streams.engine.transport.batches import Batch, ReadPosition
from streams.engine.transport.driver import BatchConsumer, BatchTransport, OnRefused
from streams.engine.transport.positions import ReadPositions

OpenPositions = Callable[[Mapping[TP, int | None]], Awaitable[None]]
"""A callback at the end of each rebalance, with all assigned partitions and the offset that the group has committed of
each (None: no commit). When it returns, each of them has a position."""


class BatchSchema(Schema[None, Batch]):
    """The schema for topics whose agents receive batches. It passes them on unchanged, so decoding cannot fail."""

    def loads_key(self, app: AppT, message: Message, **_: Any) -> None:
        return None

    def loads_value(self, app: AppT, message: Message, **_: Any) -> Batch:
        return cast(Batch, message.value)


def install(
    app: App,
    application: Mapping[TP, ReadPosition],
    open_positions: OpenPositions,
    on_refused: OnRefused | None = None,
    timing: Timing = TIMING,
) -> ReadPositions:
    """Let the agents of `app` receive batches of topics with a BatchSchema, read from the application's positions.

    Call it before the app starts. open_positions: fills `application` at each rebalance, and may take as long as it
    needs; an error in it ends the worker. on_refused: receives the error with which Kafka refuses to let this process
    read, such as a revoked permission; by default it is raised.
    """
    positions = ReadPositions(application, timing)

    async def complete(*_: Any, **__: Any) -> None:
        consumer = cast(BatchConsumer, app.consumer)
        assigned = consumer.assignment()
        await open_positions(await consumer.committed(assigned))
        _check(assigned, application)
        # Faust seeks after this and then empties its queues: batches dispatched in between would have to be read again.
        consumer.stop_flow()

    async def revoked(*_: Any, **__: Any) -> None:
        positions.clear()

    keep_raw_records()
    app.finalize()
    app.transport = BatchTransport(app, positions, on_refused or _raise, timing)
    app.on_rebalance_complete.connect(complete)
    app.on_partitions_revoked.connect(revoked)
    return positions


def keep_raw_records() -> None:
    """Let every aiokafka consumer of this process return decoded records as they are (see `privates`)."""
    PartitionRecords._consumer_record = _return_decoded


def _return_decoded(_: Any, __: Any, record: Any) -> Any:
    return record


def _raise(error: Exception) -> None:
    raise error


def _check(assigned: set[TP], application: Mapping[TP, ReadPosition]) -> None:
    if missing := assigned - application.keys():
        names = ", ".join(sorted(f"{tp.topic}[{tp.partition}]" for tp in missing))
        raise LookupError(
            f"open_positions made no position for {names}. It must make one for every partition that it receives; "
            "topic_disable_leader=True prevents Faust from adding a topic of its own."
        )
