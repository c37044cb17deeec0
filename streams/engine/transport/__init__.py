"""A Faust transport with batches instead of single records, read from the positions that the application keeps."""

from streams.engine.transport.batches import Batch, ReadPosition
from streams.engine.transport.driver import BatchConsumer
from streams.engine.transport.positions import ReadPositions
from streams.engine.transport.wiring import BatchSchema, OpenPositions, install

__all__ = [
    "Batch",
    "BatchConsumer",
    "BatchSchema",
    "OpenPositions",
    "ReadPosition",
    "ReadPositions",
    "install",
]
