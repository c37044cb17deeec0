"""`promises explain`: every promise of one case, how it is judged, and why."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from schemas.instants import Instant, format_instant
from schemas.reading import Refused
from streams.adapters.file_records import kafka_records, latest_occurrence
from streams.adapters.files import Line, lines
from streams.cli.options import (
    UNREADABLE,
    USAGE,
    AdapterOption,
    KafkaConfigOption,
    LocationsOption,
    PoliciesOption,
    TablesOption,
    clear_errors,
    fail,
    instant_argument,
    load_adapter,
    load_locations,
    load_policies,
)
from streams.judging.explain import Explanation
from streams.judging.explain import explain as explain_case
from streams.judging.locations import NO_FEEDS, FeedLookup
from streams.judging.policy import Policies
from streams.kafka.connection import Connection, read_connection
from streams.kafka.topic_reader import read_topic
from streams.kafka.topics import EVENTS
from streams.records import KafkaRecord
from streams.state.partition import PartitionState
from streams.wall_clock import wall_clock


def explain(
    arguments: Annotated[list[str], typer.Argument(metavar="[FILE] CASE", help="A file and a case, or a case alone.")],
    bootstrap: Annotated[
        str | None, typer.Option(envvar="PROMISES_BOOTSTRAP", help="Read Kafka, where no file is given.")
    ] = None,
    kafka_config: KafkaConfigOption = None,
    adapter: AdapterOption = None,
    tables: TablesOption = "",
    policies: PoliciesOption = None,
    locations: LocationsOption = None,
    as_of: Annotated[
        str | None, typer.Option(help="As of then. Default: the last event of a file; now on Kafka.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Show the history of CASE, from FILE or from Kafka (--bootstrap), with what each event did."""
    *file, case = arguments
    if len(file) > 1 or not (file or bootstrap):
        fail("give a FILE and a CASE, or --bootstrap HOST:PORT and a CASE", USAGE)
    until = instant_argument(as_of, "--as-of") if as_of else None
    with clear_errors():
        rules, places = load_policies(policies), load_locations(locations)
        feeds, reader = places.feeds(), load_adapter(adapter, tables, places)
        if bootstrap and not file:
            until = until or wall_clock()
            records = _from_kafka(read_connection(bootstrap, kafka_config), until)
        else:
            read = list(lines(file, reader))
            until = until or latest_occurrence(read)
            records = _from_file(read, until)
        found = explained(records, case, rules, until, feeds)
    if not found:
        fail(f"{file[0] if file else bootstrap} has no promise of case {case!r} by {format_instant(until)}", UNREADABLE)
    if json:
        document = {"schema": "promises.explain/1", "case": case, "promises": [one.as_json() for one in found]}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n")
    else:
        _print(case, found)


def explained(
    records: Iterable[tuple[int, KafkaRecord]],
    case: str,
    policies: Policies,
    until: Instant,
    feeds: FeedLookup = NO_FEEDS,
) -> list[Explanation]:
    """The promises of `case` after `records` (with their partitions), judged as a worker on a stream clock judges
    them, up to `until`. Records of other cases only move the clock; those of no case may say how far a feed is read."""
    books: dict[int, PartitionState] = {}
    for partition, record in records:
        book = books.setdefault(partition, PartitionState(policies, feeds=feeds))
        if record.key is None or record.key == case.encode():
            book.apply(record, until)
        else:
            book.advance(record.timestamp, until)
    found: list[Explanation] = []
    for book in books.values():
        book.advance(until, until)
        held = book.case(case)
        found += explain_case(held, policies, until) if held else []
    return found


def _from_file(read: list[Line], until: Instant) -> Iterator[tuple[int, KafkaRecord]]:
    for record in kafka_records(read, until):
        if not isinstance(record, Refused):
            yield 0, record


def _from_kafka(connection: Connection, until: Instant) -> Iterator[tuple[int, KafkaRecord]]:
    for record in read_topic(connection, EVENTS.name):
        yield record.partition, KafkaRecord(min(record.timestamp, until), record.key, record.value)


def _print(case: str, found: list[Explanation]) -> None:
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    for one in found:
        promise = one.as_json()
        subject = f" of {promise['subject']}" if promise["subject"] else ""
        console.print(f"{case}: {promise['kind']}{subject}: {promise['verdict']}, {promise['reason']}", markup=False)
        original = promise["original"]
        console.print(f"  due {promise['due']}, judged by {promise['policy']}", markup=False)
        if promise["evidence"] == "assumed":
            console.print("  assumed: the delivery is known by a proxy alone", markup=False)
        if original["due"] != promise["due"]:
            told = f"{original['verdict']}, {original['reason']}"
            console.print(f"  originally due {original['due']}: {told}", markup=False)
        for step in promise["steps"]:
            console.print(f"  {step['at']}  {step['effect']}  [{step['event_id'] or 'no event'}]", markup=False)
