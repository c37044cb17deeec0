"""`promises tail`: print canonical events as they arrive, one line each."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator
from contextlib import closing
from itertools import islice
from typing import Annotated, Any, NamedTuple

import msgspec
import typer
from rich.console import Console

from schemas.events import TAGS, Clock, Record
from schemas.reading import Refused, read_event
from streams.cli.event_text import event_line, refused_line
from streams.cli.options import (
    USAGE,
    BootstrapOption,
    KafkaConfigOption,
    end_on_sigterm,
    fail,
    report_errors,
    silence_kafka_logs,
)
from streams.kafka.connection import read_connection
from streams.kafka.topic_reader import follow_topic
from streams.kafka.topics import EVENTS
from streams.records import KafkaRecord


class DecodedRecord(NamedTuple):
    """A record of promise.events with its event, or with the reason why it is not an event."""

    record: KafkaRecord
    event: Record | Refused

    @property
    def key(self) -> str:
        return (self.record.key or b"").decode(errors="replace")


class EventFilter(NamedTuple):
    """A selection of events. An empty filter selects all events, but clock records only if `types` has them."""

    cases: Collection[str] = ()
    locations: Collection[str] = ()
    feeds: Collection[str] = ()
    types: Collection[str] = ()

    def matches(self, decoded: DecodedRecord) -> bool:
        """Return whether the filter selects the record. A record that is not an event has only a case, its key."""
        event = decoded.event
        if isinstance(event, Refused):
            return not (self.locations or self.feeds or self.types) and _allows(self.cases, decoded.key)
        if isinstance(event, Clock):
            is_requested = "clock" in self.types and not (self.cases or self.locations)
            return is_requested and _allows(self.feeds, event.source)
        criteria = (
            (self.cases, event.case),
            (self.locations, event.location),
            (self.feeds, event.source),
            (self.types, TAGS[type(event)]),
        )
        return all(_allows(allowed, value) for allowed, value in criteria)


def tail(
    bootstrap: BootstrapOption,
    kafka_config: KafkaConfigOption = None,
    case: Annotated[list[str] | None, typer.Option(help="Only this case; repeatable.")] = None,
    location: Annotated[list[str] | None, typer.Option(help="Only this location; repeatable.")] = None,
    feed: Annotated[list[str] | None, typer.Option(help="Only this source; repeatable.")] = None,
    type: Annotated[
        list[str] | None, typer.Option("--type", help="Only this type, such as step_reached; repeatable.")
    ] = None,
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="Start with the events that the topic already has.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="End after this many events.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Write one JSON object a line.")] = False,
) -> None:
    """Print the events of promise.events as they arrive: time, case, type, details, location, staff, source.

    The command runs until Ctrl-C. Records that workers will refuse are printed with the reason. Clock records are
    printed only with --type clock.
    """
    selected = EventFilter(case or (), location or (), feed or (), _types(type or []))
    silence_kafka_logs()
    end_on_sigterm()
    try:
        with report_errors():
            connection = read_connection(bootstrap, kafka_config)
            # Closed here: the consumer hangs if it is closed while the interpreter exits.
            with closing(follow_topic(connection, EVENTS.name, from_beginning=from_beginning)) as records:
                _print(islice(_selected(records, selected), limit), json=json)
    except KeyboardInterrupt:
        return
    except BrokenPipeError:
        # The reader of our output has ended (`| head`). Python would flush stdout once more at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _selected(records: Iterator[KafkaRecord], selected: EventFilter) -> Iterator[DecodedRecord]:
    for record in records:
        decoded = DecodedRecord(record, _decoded(record.value))
        if selected.matches(decoded):
            yield decoded


def _decoded(value: bytes | None) -> Record | Refused:
    try:
        return read_event(value)
    except Refused as refused:
        return refused


def _print(records: Iterator[DecodedRecord], *, json: bool) -> None:
    console = Console(highlight=False, soft_wrap=True, markup=False)
    for decoded in records:
        if json:
            sys.stdout.write(_as_json(decoded) + "\n")
            sys.stdout.flush()
        elif isinstance(decoded.event, Refused):
            console.print(refused_line(decoded.event, decoded.key, str(decoded.record.position)))
        else:
            console.print(event_line(decoded.event))


def _as_json(decoded: DecodedRecord) -> str:
    """Return the event as it is in Kafka, unknown fields included, or the reason why the record is not an event."""
    record, event = decoded.record, decoded.event
    position: dict[str, Any] = {"partition": record.partition, "offset": record.offset, "timestamp": record.timestamp}
    if isinstance(event, Refused):
        content: dict[str, Any] = {"refused": {"reason": event.reason, "detail": event.detail}}
    else:
        content = {"event": msgspec.Raw(msgspec.json.format(record.value or b"", indent=-1))}
    return msgspec.json.encode({**position, "key": decoded.key, **content}).decode()


def _types(types: list[str]) -> list[str]:
    for tag in types:
        if tag not in TAGS.values():
            fail(f"--type {tag}: there is no such event; the types are {', '.join(sorted(TAGS.values()))}", USAGE)
    return types


def _allows(allowed: Collection[str], value: str | None) -> bool:
    return not allowed or value in allowed
