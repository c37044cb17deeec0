"""Ports of 127.0.0.1 that stay free for a server which is stopped and started again.

The system lends ports of its ephemeral range to outgoing connections. A server on such a port can be stopped and then
find the port lent to a client when it comes back. So these ports lie outside that range.
"""

from __future__ import annotations

import random
import socket
from pathlib import Path

_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_EPHEMERAL_ELSEWHERE = (32_768, 65_535)  # covers the ranges of Linux, macOS and the BSDs
_LOWEST, _HIGHEST = 10_000, 65_535  # below it live the well-known ports of databases and the like


def ephemeral_range() -> tuple[int, int]:
    """First and last port that the system lends to outgoing connections."""
    try:
        low, high = _EPHEMERAL.read_text(encoding="ascii").split()
    except OSError:
        return _EPHEMERAL_ELSEWHERE
    return int(low), int(high)


def candidates(low: int, high: int) -> list[int]:
    """Ports outside `low` to `high`, or every port from 10 000 on where nothing would remain."""
    every = range(_LOWEST, _HIGHEST + 1)
    return [port for port in every if not low <= port <= high] or list(every)


def free_ports(count: int) -> list[int]:
    """`count` different ports of 127.0.0.1 on which nothing listens now.

    They are drawn at random, so that two processes that ask at the same time hardly ever get the same.
    Raises OSError when the machine has not that many free ports.
    """
    ports = candidates(*ephemeral_range())
    random.shuffle(ports)
    found: list[int] = []
    for port in ports:
        if len(found) == count:
            break
        if is_free(port):
            found.append(port)
    if len(found) < count:
        raise OSError(f"127.0.0.1 has {len(found)} free ports outside the ephemeral range, {count} are needed")
    return found


def is_free(port: int) -> bool:
    """Return whether nothing listens on that port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
