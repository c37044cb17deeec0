"""Chunks instead of single records for Faust's agents, read from positions that the application keeps."""

from streams.engine.transport.batches import Chunk, Position, Record
from streams.engine.transport.driver import ChunkConsumer
from streams.engine.transport.positions import Reading
from streams.engine.transport.wiring import ChunkSchema, OpenPositions, install

__all__ = ["Chunk", "ChunkConsumer", "ChunkSchema", "OpenPositions", "Position", "Reading", "Record", "install"]
