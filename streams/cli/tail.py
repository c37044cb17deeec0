"""`promises tail`: canonical events as they pass, a line each."""

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
from schemas.instants import Instant
from schemas.reading import Refused, read_event
from streams.cli.event_text import line, refused_line
from streams.cli.options import (
    USAGE,
    BootstrapOption,
    KafkaConfigOption,
    clear_errors,
    end_on_sigterm,
    fail,
    hush_kafka,
)
from streams.kafka.connection import read_connection
from streams.kafka.topic_reader import follow_topic
from streams.kafka.topics import EVENTS
from streams.records import KafkaRecord


class PassedRecord(NamedTuple):
    """A record that passed, and what it says or why it says nothing."""

    held: KafkaRecord
    said: Record | Refused

    @property
    def key(self) -> str:
        return (self.held.key or b"").decode(errors="replace")


class EventFilter(NamedTuple):
    """Which events are shown; an empty filter means all of them, but clock records only where `types` has them."""

    cases: Collection[str] = ()
    locations: Collection[str] = ()
    feeds: Collection[str] = ()
    types: Collection[str] = ()

    def fits(self, passed: PassedRecord) -> bool:
        """Whether it is one of them. Of a record that is no event only the case is known, by its key."""
        said = passed.said
        if isinstance(said, Refused):
            return not (self.locations or self.feeds or self.types) and _fits(self.cases, passed.key)
        if isinstance(said, Clock):
            is_asked = "clock" in self.types and not (self.cases or self.locations)
            return is_asked and _fits(self.feeds, said.source)
        filters = (
            (self.cases, said.case),
            (self.locations, said.location),
            (self.feeds, said.source),
            (self.types, TAGS[type(said)]),
        )
        return all(_fits(wanted, has) for wanted, has in filters)


def tail(
    bootstrap: BootstrapOption,
    kafka_config: KafkaConfigOption = None,
    case: Annotated[list[str] | None, typer.Option(help="Only of this case; may be given again.")] = None,
    location: Annotated[list[str] | None, typer.Option(help="Only of this location; may be given again.")] = None,
    feed: Annotated[list[str] | None, typer.Option(help="Only from this source; may be given again.")] = None,
    type: Annotated[list[str] | None, typer.Option("--type", help="Only of this type, such as step_reached.")] = None,
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="What is there already comes first.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="End after so many.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show the events of promise.events as they pass: time, case, type, what, location, staff, source.

    Goes on until Ctrl-C. What workers will refuse is shown with the reason; clock records with --type clock only.
    """
    wanted = EventFilter(case or (), location or (), feed or (), _types(type or []))
    hush_kafka()
    end_on_sigterm()
    try:
        with clear_errors():
            connection = read_connection(bootstrap, kafka_config)
            # Closed here, because the consumer hangs when it is closed as the interpreter ends.
            with closing(follow_topic(connection, EVENTS.name, from_beginning=from_beginning)) as records:
                _show(islice(_passed(records, wanted), limit), json=json)
    except KeyboardInterrupt:
        return
    except BrokenPipeError:
        # Whoever read us has enough (`| head`); Python would write once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _passed(records: Iterator[KafkaRecord], wanted: EventFilter) -> Iterator[PassedRecord]:
    for record in records:
        passed = PassedRecord(record, _said(record.value))
        if wanted.fits(passed):
            yield passed


def _said(value: bytes | None) -> Record | Refused:
    try:
        return read_event(value)
    except Refused as refused:
        return refused


def _show(records: Iterator[PassedRecord], *, json: bool) -> None:
    console = Console(highlight=False, soft_wrap=True, markup=False)
    for passed in records:
        if json:
            sys.stdout.write(_as_json(passed) + "\n")
            sys.stdout.flush()
        elif isinstance(passed.said, Refused):
            console.print(refused_line(passed.said, passed.key, str(passed.held.position)))
        else:
            console.print(line(passed.said))


def _as_json(passed: PassedRecord) -> str:
    """The event as it stands in Kafka, with fields that nobody knows; of what is none, the reason."""
    held = passed.held
    at: Instant = held.timestamp
    stands: dict[str, Any] = {"partition": held.partition, "offset": held.offset, "timestamp": at}
    if isinstance(passed.said, Refused):
        what: dict[str, Any] = {"refused": {"reason": passed.said.reason, "detail": passed.said.detail}}
    else:
        what = {"event": msgspec.Raw(msgspec.json.format(held.value or b"", indent=-1))}
    return msgspec.json.encode({**stands, "key": passed.key, **what}).decode()


def _types(given: list[str]) -> list[str]:
    for one in given:
        if one not in TAGS.values():
            fail(f"--type {one}: there is no such event; the types are {', '.join(sorted(TAGS.values()))}", USAGE)
    return given


def _fits(wanted: Collection[str], has: str | None) -> bool:
    return not wanted or has in wanted
