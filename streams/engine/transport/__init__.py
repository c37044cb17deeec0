"""Chunks instead of single records for Faust's agents, read from positions that the application keeps."""

from streams.engine.transport.batches import Batch, ReadPosition
from streams.engine.transport.driver import BatchConsumer
from streams.engine.transport.positions import ReadPositions
from streams.engine.transport.wiring import BatchSchema, OpenPositions, install

__all__ = [
    "Batch",
    "BatchConsumer",
    "BatchSchema",
    "ConsumedRecord",
    "OpenPositions",
    "ReadPosition",
    "ReadPositions",
    "install",
]
