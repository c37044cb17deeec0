"""The settings of local Kafka brokers. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_LARGEST_RECORD = str(20 * 1024 * 1024)
_END_OF_TIME = str(2**63 - 1)


class Listener(NamedTuple):
    """An additional port for clients. protocol: Kafka's security protocol, SASL_SSL, SSL, ..."""

    name: str
    protocol: str
    port: int

    @property
    def address(self) -> str:
        """The address for clients."""
        return f"127.0.0.1:{self.port}"


class Node(NamedTuple):
    """One Kafka process, broker and controller at once, on 127.0.0.1.

    number: counts from 1. clients, controllers: ports. more: additional listeners for clients.
    """

    number: int
    clients: int
    controllers: int
    more: tuple[Listener, ...] = ()

    @property
    def address(self) -> str:
        """The address for clients."""
        return f"127.0.0.1:{self.clients}"


def settings(node: Node, nodes: Sequence[Node], data: Path, chosen: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of `node` in the cluster `nodes`. data: its directory. chosen: overrides all others."""
    return _addresses(node, nodes, data) | _replication(len(nodes)) | _LOCAL | dict(chosen)


def render(properties: Mapping[str, str]) -> str:
    """Return the text of a Java properties file, which escapes non-ASCII characters like JSON."""
    return "".join(f"{name}={json.dumps(value)[1:-1]}\n" for name, value in properties.items())


_LOCAL = {
    "auto.create.topics.enable": "false",
    "message.max.bytes": _LARGEST_RECORD,
    "replica.fetch.max.bytes": _LARGEST_RECORD,
    # Replayed history has old timestamps, and tests use some of the year 9999: keep every record, accept every
    # timestamp, and start no new segment because of a timestamp.
    "log.retention.ms": "-1",
    "log.roll.ms": _END_OF_TIME,
    "log.message.timestamp.after.max.ms": _END_OF_TIME,
    # The default of 50 each is for large clusters. Here, each is a directory that makes start and stop slower.
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "group.initial.rebalance.delay.ms": "0",
}


def _addresses(node: Node, nodes: Sequence[Node], data: Path) -> dict[str, str]:
    clients = [f"CLIENTS://{node.address}", *(f"{extra.name}://{extra.address}" for extra in node.more)]
    listeners = ",".join(clients)
    protocols = "".join(f",{extra.name}:{extra.protocol}" for extra in node.more)
    return {
        "process.roles": "broker,controller",
        "node.id": str(node.number),
        "controller.quorum.voters": ",".join(f"{voter.number}@127.0.0.1:{voter.controllers}" for voter in nodes),
        "controller.listener.names": "CONTROLLERS",
        "inter.broker.listener.name": "CLIENTS",
        "listener.security.protocol.map": f"CLIENTS:PLAINTEXT,CONTROLLERS:PLAINTEXT{protocols}",
        "listeners": f"{listeners},CONTROLLERS://127.0.0.1:{node.controllers}",
        "advertised.listeners": listeners,
        "log.dirs": str(data),
    }


def _replication(nodes: int) -> dict[str, str]:
    """Return the replication of internal and ordinary topics, and the number of in-sync replicas for a write."""
    replicas, in_sync = ("3", "2") if nodes >= 3 else ("1", "1")
    return {
        "default.replication.factor": replicas,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": replicas,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": in_sync,
    }
