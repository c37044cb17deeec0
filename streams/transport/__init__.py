"""Chunks instead of single records for Faust's agents, read from positions that the application keeps."""

from streams.transport.chunks import Chunk, Position, Record
from streams.transport.driver import ChunkConsumer
from streams.transport.reading import Reading
from streams.transport.wiring import ChunkSchema, OpenPositions, install

__all__ = ["Chunk", "ChunkConsumer", "ChunkSchema", "OpenPositions", "Position", "Reading", "Record", "install"]
