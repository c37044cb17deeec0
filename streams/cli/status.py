"""`promises status`: who owns each partition, how far behind it is, and whether its numbers can be relied on."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import msgspec
import typer

from streams.cli.group_status import PartitionStatus, asked_at, headline, rows
from streams.cli.options import NOT_WELL, BootstrapOption, GroupOption, KafkaConfigOption, clear_errors, hush_kafka
from streams.kafka.connection import read_connection
from streams.kafka.describe import GroupDescription, group_found
from streams.metrics.address import Address
from streams.metrics.health import Readiness
from streams.metrics.scrape import readiness_at


def status(
    bootstrap: BootstrapOption,
    kafka_config: KafkaConfigOption = None,
    group: GroupOption = "promises",
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Show owner, offsets, lag, clock and recovery of each partition of promise.events.

    Owner and lag are Kafka's; clock and recovery are asked of each owner's /readyz, where it can be reached from here.
    Ends with 0 when every partition is owned and live, with 1 otherwise.
    """
    hush_kafka()
    with clear_errors():
        found, ends = group_found(read_connection(bootstrap, kafka_config), group)
    partitions = rows(found, ends, _told(found))
    is_well = all(row.state == "live" for row in partitions)
    if json:
        _print_json(found, partitions, is_well)
    else:
        _print(found, partitions)
    if not is_well:
        raise typer.Exit(NOT_WELL)


def _told(group: GroupDescription) -> dict[Address, Readiness]:
    """What the members of the group that can be reached say of themselves."""
    addresses = {address for member in group.members if (address := asked_at(member))}
    with ThreadPoolExecutor(max_workers=16) as pool:
        answers = zip(addresses, pool.map(readiness_at, addresses), strict=True)
        return {address: said for address, said in answers if said is not None}


def _print_json(group: GroupDescription, partitions: list[PartitionStatus], is_well: bool) -> None:
    document = {
        "schema": "promises.status/1",
        "group": group.name,
        "state": group.state,
        "well": is_well,
        "workers": [
            {"client": member.client, "host": member.host, "partitions": sorted(member.partitions)}
            for member in group.members
        ],
        "partitions": partitions,
    }
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n")


def _print(group: GroupDescription, partitions: list[PartitionStatus]) -> None:
    cells = [("partition", "owner", "host", "end", "committed", "lag", "clock", "recovery"), *map(_cells, partitions)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = (_line(row, widths) for row in cells)
    sys.stdout.write("\n".join([headline(group, partitions), "", *lines]) + "\n")


def _cells(row: PartitionStatus) -> tuple[str, ...]:
    found = (row.partition, row.owner, row.host, row.end, row.committed, row.lag, row.clock, row.says)
    return tuple("-" if cell is None else str(cell) for cell in found)


def _line(cells: Iterable[str], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
