"""The settings of local Kafka brokers, as data: what one node is told, given all nodes and their ports."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_LARGEST_RECORD = str(20 * 1024 * 1024)
_END_OF_TIME = str(2**63 - 1)


class Listener(NamedTuple):
    """One more port for clients. `protocol` is how it is secured, as Kafka calls it: SASL_SSL, SSL, ..."""

    name: str
    protocol: str
    port: int

    @property
    def address(self) -> str:
        """Where clients reach it."""
        return f"127.0.0.1:{self.port}"


class Node(NamedTuple):
    """One Kafka process, broker and controller at once. `number` counts from 1; the ports are of 127.0.0.1.

    `more` are the listeners that it has for clients besides the plain one.
    """

    number: int
    clients: int
    controllers: int
    more: tuple[Listener, ...] = ()

    @property
    def address(self) -> str:
        """Where clients reach it."""
        return f"127.0.0.1:{self.clients}"


def settings(node: Node, nodes: Sequence[Node], data: Path, chosen: Mapping[str, str]) -> dict[str, str]:
    """What `node` of the cluster `nodes` is told. `data` is its directory; `chosen` wins over everything else."""
    return _place(node, nodes, data) | _copies(len(nodes)) | _LOCAL | dict(chosen)


def render(told: Mapping[str, str]) -> str:
    """The text of a Java properties file, which escapes what is not plain ASCII the way JSON does."""
    return "".join(f"{name}={json.dumps(value)[1:-1]}\n" for name, value in told.items())


_LOCAL = {
    "auto.create.topics.enable": "false",
    "message.max.bytes": _LARGEST_RECORD,
    "replica.fetch.max.bytes": _LARGEST_RECORD,
    # Replayed history carries the timestamps of its own time, and tests those of the year 9999: keep every record,
    # believe every timestamp, and start no new segment because a timestamp jumped.
    "log.retention.ms": "-1",
    "log.roll.ms": _END_OF_TIME,
    "log.message.timestamp.after.max.ms": _END_OF_TIME,
    # 50 each by default, for clusters; here every one is a directory that costs time at start and stop.
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "group.initial.rebalance.delay.ms": "0",
}


def _place(node: Node, nodes: Sequence[Node], data: Path) -> dict[str, str]:
    listeners = ",".join([f"CLIENTS://{node.address}", *(f"{each.name}://{each.address}" for each in node.more)])
    secured = "".join(f",{each.name}:{each.protocol}" for each in node.more)
    return {
        "process.roles": "broker,controller",
        "node.id": str(node.number),
        "controller.quorum.voters": ",".join(f"{each.number}@127.0.0.1:{each.controllers}" for each in nodes),
        "controller.listener.names": "CONTROLLERS",
        "inter.broker.listener.name": "CLIENTS",
        "listener.security.protocol.map": f"CLIENTS:PLAINTEXT,CONTROLLERS:PLAINTEXT{secured}",
        "listeners": f"{listeners},CONTROLLERS://127.0.0.1:{node.controllers}",
        "advertised.listeners": listeners,
        "log.dirs": str(data),
    }


def _copies(nodes: int) -> dict[str, str]:
    """How many copies internal and ordinary topics have, and how many must be in step for a write to count."""
    copies, in_step = ("3", "2") if nodes >= 3 else ("1", "1")
    return {
        "default.replication.factor": copies,
        "min.insync.replicas": in_step,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_step,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_step,
    }
