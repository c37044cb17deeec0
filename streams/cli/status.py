"""`promises status`: owner, lag and recovery of each partition, and whether its numbers are reliable."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import typer

from streams.cli.group_status import PartitionStatus, headline, partition_statuses, readiness_address
from streams.cli.options import (
    CHECK_FAILED,
    BootstrapOption,
    GroupOption,
    JsonOption,
    KafkaConfigOption,
    report_errors,
    silence_kafka_logs,
)
from streams.cli.output import columns, write_json
from streams.kafka.connection import read_connection
from streams.kafka.describe import GroupDescription, describe_group
from streams.metrics.address import Address
from streams.metrics.health import Readiness
from streams.metrics.scrape import readiness_at


def status(
    bootstrap: BootstrapOption,
    kafka_config: KafkaConfigOption = None,
    group: GroupOption = "promises",
    json: JsonOption = False,
) -> None:
    """Show owner, offsets, lag, clock and recovery of each partition of promise.events.

    Owner and lag come from Kafka. Clock and recovery come from each owner's /readyz, if it can be reached from here.
    The exit code is 0 if every partition is owned and live, and 1 otherwise.
    """
    silence_kafka_logs()
    with report_errors():
        description, ends = describe_group(read_connection(bootstrap, kafka_config), group)
    partitions = partition_statuses(description, ends, _readiness(description))
    is_healthy = all(status.state == "live" for status in partitions)
    if json:
        write_json(_document(description, partitions, is_healthy))
    else:
        _print(description, partitions)
    if not is_healthy:
        raise typer.Exit(CHECK_FAILED)


def _readiness(group: GroupDescription) -> dict[Address, Readiness]:
    """Return the readiness of the members of the group that can be reached."""
    addresses = {address for member in group.members if (address := readiness_address(member))}
    with ThreadPoolExecutor(max_workers=16) as pool:
        responses = zip(addresses, pool.map(readiness_at, addresses), strict=True)
        return {address: readiness for address, readiness in responses if readiness is not None}


def _document(group: GroupDescription, partitions: list[PartitionStatus], is_healthy: bool) -> dict[str, Any]:
    return {
        "schema": "promises.status/1",
        "group": group.name,
        "state": group.state,
        "well": is_healthy,
        "workers": [
            {"client": member.client, "host": member.host, "partitions": sorted(member.partitions)}
            for member in group.members
        ],
        "partitions": partitions,
    }


def _print(group: GroupDescription, partitions: list[PartitionStatus]) -> None:
    headings = ("partition", "owner", "host", "end", "committed", "lag", "clock", "recovery")
    sys.stdout.write(f"{headline(group, partitions)}\n\n{columns([headings, *map(_cells, partitions)])}")


def _cells(row: PartitionStatus) -> tuple[str, ...]:
    values = (row.partition, row.owner, row.host, row.end, row.committed, row.lag, row.clock, row.says)
    return tuple("-" if value is None else str(value) for value in values)
