"""The address at which a process serves /metrics, and how it is told to Kafka in the client id."""

from __future__ import annotations

from typing import Final, NamedTuple

_CLIENT: Final = "promises-"


class Address(NamedTuple):
    """A host and a port."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read HOST:PORT. Raises ValueError saying what is wrong with it."""
        host, _, port = text.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            raise ValueError(f"{text!r} is no HOST:PORT, such as 127.0.0.1:9464")
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def client_id(metrics: Address) -> str:
    """What a worker calls itself to Kafka: where it serves /metrics and /readyz, so that `promises status` finds it.

    A hyphen before the port: Kafka takes any character, but some of its tools and exporters only A-Z a-z 0-9 . _ -
    """
    return f"{_CLIENT}{metrics.host}-{metrics.port}"


def metrics_of(client: str) -> Address | None:
    """Where the worker of that client id serves /metrics; None where it is no worker's."""
    host, _, port = client.removeprefix(_CLIENT).rpartition("-")
    if not client.startswith(_CLIENT) or not host or not port.isdecimal():
        return None
    return Address(host, int(port))
