"""`promises replay`: send the events of a file to Kafka in order, each with the timestamp of its arrival."""

from __future__ import annotations

import time
from typing import Annotated

import msgspec
import typer
from kafka.errors import KafkaError

from schemas.events import Clock
from schemas.instants import Instant, to_datetime
from schemas.reading import Refused
from streams.adapters.file_records import kafka_records
from streams.adapters.files import lines
from streams.cli.options import (
    USAGE,
    AdapterOption,
    BootstrapOption,
    KafkaConfigOption,
    LocationsOption,
    TablesOption,
    fail,
    load_adapter,
    load_locations,
    parse_instant_option,
    report_errors,
    stderr,
)
from streams.kafka.clients import partitions_of, producer
from streams.kafka.connection import Connection, KafkaFailed, read_connection
from streams.kafka.permissions import Need
from streams.kafka.topics import EVENTS
from streams.records import KafkaRecord


def replay(
    file: Annotated[str, typer.Argument(help="Canonical NDJSON; CSV or NDJSON with --adapter; gzip, or -.")],
    bootstrap: BootstrapOption,
    kafka_config: KafkaConfigOption = None,
    adapter: AdapterOption = None,
    tables: TablesOption = "",
    locations: LocationsOption = None,
    as_of: Annotated[str | None, typer.Option(help="Send events up to this instant, and stop the clock there.")] = None,
    speed: Annotated[str, typer.Option(help="Multiple of real time, or max.")] = "max",
) -> None:
    """Send the events of FILE to promise.events, then a clock record with the time of the last one."""
    until = parse_instant_option(as_of, "--as-of") if as_of else None
    pace = _Pace(_speed(speed))
    with report_errors():
        connection = read_connection(bootstrap, kafka_config)
        partitions = partitions_of(connection, Need("WRITE", "topic", EVENTS.name))
        sender = _Sender(connection, partitions)
        reader = load_adapter(adapter, tables, load_locations(locations))
        for record in kafka_records(lines([file], reader), until):
            if isinstance(record, Refused):
                sender.refused += 1
            else:
                pace.wait_for(record.timestamp)
                sender.send(record)
        sender.finish(until)
    stderr.print(f"{sender.sent} records sent to {EVENTS.name}, {sender.refused} lines refused")


def _speed(text: str) -> float | None:
    """Return the multiple of real time; None for as fast as possible."""
    try:
        speed = None if text == "max" else float(text)
    except ValueError:
        speed = 0.0  # refused below
    if speed is not None and not 0 < speed < float("inf"):
        fail(f"--speed {text}: write a number above 0, or max", USAGE)
    return speed


class _Pace:
    """Delays records so that they are sent at a multiple of real time."""

    def __init__(self, speed: float | None) -> None:
        self._speed = speed
        self._began: tuple[float, Instant] | None = None

    def wait_for(self, at: Instant) -> None:
        if self._speed is None:
            return
        if self._began is None:
            self._began = time.monotonic(), at
        began, first = self._began
        time.sleep(max(0.0, began + (at - first) / 1000 / self._speed - time.monotonic()))


class _Sender:
    """A producer of events that remembers which records failed."""

    def __init__(self, connection: Connection, partitions: list[int]) -> None:
        self._producer = producer(connection)
        self._partitions = partitions
        self._failed: list[Exception] = []
        self._latest: Instant = 0
        self.sent = self.refused = 0

    def send(self, record: KafkaRecord) -> None:
        """Send one record to the partition of its case."""
        self._send(record.value, record.timestamp, key=record.key)
        self._latest = max(self._latest, record.timestamp)

    def finish(self, as_of: Instant | None) -> None:
        """Send a clock record to every partition, and wait until everything is written. Raises KafkaFailed.

        as_of: the time in the clock record. Default: the latest timestamp that was sent.
        """
        at = as_of if as_of is not None else self._latest
        if at:
            value = msgspec.json.encode(Clock(source="replay", at=to_datetime(at)))
            for partition in self._partitions:
                self._send(value, at, partition=partition)
        self._producer.flush()
        self._producer.close()
        if self._failed:
            raise KafkaFailed(f"{len(self._failed)} records were not written; the first error: {self._failed[0]}")

    def _send(
        self, value: bytes | None, timestamp: Instant, *, key: bytes | None = None, partition: int | None = None
    ) -> None:
        try:
            future = self._producer.send(EVENTS.name, value, key=key, partition=partition, timestamp_ms=timestamp)
        except KafkaError as error:
            raise KafkaFailed(f"{EVENTS.name} cannot be written: {error}") from error
        future.add_errback(self._failed.append)
        self.sent += 1
