"""The address at which a process serves /metrics, and the Kafka client id that contains it."""

from __future__ import annotations

from typing import Final, NamedTuple

_PREFIX: Final = "promises-"


class Address(NamedTuple):
    """A host and a port."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read HOST:PORT. Raises ValueError with a message for the user."""
        host, _, port = text.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            raise ValueError(f"{text!r} is not HOST:PORT, for example 127.0.0.1:9464")
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def client_id(metrics: Address) -> str:
    """Return the Kafka client id of a worker. It contains the address of /metrics, so that `promises status` finds it.

    A hyphen precedes the port: Kafka allows any character, but some tools and exporters only A-Z a-z 0-9 . _ -
    """
    return f"{_PREFIX}{metrics.host}-{metrics.port}"


def metrics_address(client: str) -> Address | None:
    """Return the address of /metrics in a client id; None if the client is not a worker."""
    host, _, port = client.removeprefix(_PREFIX).rpartition("-")
    if not client.startswith(_PREFIX) or not host or not port.isdecimal():
        return None
    return Address(host, int(port))
