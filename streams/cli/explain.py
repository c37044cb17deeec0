"""`promises explain`: the promises of one case, their verdicts, and what each event did to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

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
    JsonOption,
    KafkaConfigOption,
    LocationsOption,
    OptionalBootstrapOption,
    PoliciesOption,
    TablesOption,
    fail,
    load_adapter,
    load_locations,
    load_policies,
    parse_instant_option,
    report_errors,
)
from streams.cli.output import write_json
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
    arguments: Annotated[
        list[str],
        typer.Argument(metavar="[FILE] CASE", help="A file and a case; without a file, events are read from Kafka."),
    ],
    bootstrap: OptionalBootstrapOption = None,
    kafka_config: KafkaConfigOption = None,
    adapter: AdapterOption = None,
    tables: TablesOption = "",
    policies: PoliciesOption = None,
    locations: LocationsOption = None,
    as_of: Annotated[
        str | None, typer.Option(help="Instant of judgement. Default: the last event of a file; now on Kafka.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show the history of CASE, from FILE or from Kafka (--bootstrap), with what each event did."""
    *file, case = arguments
    if len(file) > 1 or not (file or bootstrap):
        fail("give a FILE and a CASE, or --bootstrap HOST:PORT and a CASE", USAGE)
    until = parse_instant_option(as_of, "--as-of") if as_of else None
    with report_errors():
        rules, known_locations = load_policies(policies), load_locations(locations)
        feeds, reader = known_locations.feeds(), load_adapter(adapter, tables, known_locations)
        if bootstrap and not file:
            until = until or wall_clock()
            records = _from_kafka(read_connection(bootstrap, kafka_config), until)
        else:
            read = list(lines(file, reader))
            until = until or latest_occurrence(read)
            records = _from_file(read, until)
        explanations = explanations_of(records, case, rules, until, feeds)
    if not explanations:
        source = file[0] if file else bootstrap
        fail(
            f"{source} has no promise of case {case!r} by {format_instant(until)}; check the case and --as-of",
            UNREADABLE,
        )
    if json:
        promises = [explanation.as_json() for explanation in explanations]
        write_json({"schema": "promises.explain/1", "case": case, "promises": promises})
    else:
        _print(case, explanations)


def explanations_of(
    records: Iterable[tuple[int, KafkaRecord]],
    case: str,
    policies: Policies,
    until: Instant,
    feeds: FeedLookup = NO_FEEDS,
) -> list[Explanation]:
    """Explain the promises of `case` at `until`, as a worker with a stream clock judges them.

    records: with their partitions. Those of other cases only advance the watermark; those without a key may be clock
    records of feeds.
    """
    partitions: dict[int, PartitionState] = {}
    for partition, record in records:
        state = partitions.setdefault(partition, PartitionState(policies, feeds=feeds))
        if record.key is None or record.key == case.encode():
            state.apply(record, until)
        else:
            state.advance(record.timestamp, until)
    explanations: list[Explanation] = []
    for state in partitions.values():
        state.advance(until, until)
        case_state = state.case(case)
        explanations += explain_case(case_state, policies, until) if case_state else []
    return explanations


def _from_file(read: list[Line], until: Instant) -> Iterator[tuple[int, KafkaRecord]]:
    for record in kafka_records(read, until):
        if not isinstance(record, Refused):
            yield 0, record


def _from_kafka(connection: Connection, until: Instant) -> Iterator[tuple[int, KafkaRecord]]:
    for record in read_topic(connection, EVENTS.name):
        yield record.partition, KafkaRecord(min(record.timestamp, until), record.key, record.value)


def _print(case: str, explanations: list[Explanation]) -> None:
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    for explanation in explanations:
        promise = explanation.as_json()
        subject = f" of {promise['subject']}" if promise["subject"] else ""
        console.print(f"{case}: {promise['kind']}{subject}: {promise['verdict']}, {promise['reason']}", markup=False)
        original = promise["original"]
        console.print(f"  due {promise['due']}, judged by {promise['policy']}", markup=False)
        if promise["evidence"] == "assumed":
            console.print("  assumed: the delivery is known only from a proxy event", markup=False)
        if original["due"] != promise["due"]:
            verdict = f"{original['verdict']}, {original['reason']}"
            console.print(f"  originally due {original['due']}: {verdict}", markup=False)
        for step in promise["steps"]:
            console.print(f"  {step['at']}  {step['effect']}  [{step['event_id'] or 'no event'}]", markup=False)
