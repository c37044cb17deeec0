"""Ports of 127.0.0.1 that stay free for a server that is stopped and started again.

The system uses ports of its ephemeral range for outgoing connections. While a server on such a port is stopped, a
client may get the port. So these ports are outside that range.
"""

from __future__ import annotations

import random
import socket
from itertools import islice
from pathlib import Path

_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_EPHEMERAL_DEFAULT = (32_768, 65_535)  # includes the ranges of Linux, macOS and the BSDs
_LOWEST, _HIGHEST = 10_000, 65_535  # lower ports are well-known ports of databases and the like


def ephemeral_range() -> tuple[int, int]:
    """Return the first and last port that the system uses for outgoing connections."""
    try:
        low, high = _EPHEMERAL.read_text(encoding="ascii").split()
    except OSError:
        return _EPHEMERAL_DEFAULT
    return int(low), int(high)


def candidates(low: int, high: int) -> list[int]:
    """Return the ports outside `low` to `high`; all ports from 10 000 on if none would remain."""
    ports = range(_LOWEST, _HIGHEST + 1)
    return [port for port in ports if not low <= port <= high] or list(ports)


def free_ports(count: int) -> list[int]:
    """Return `count` different ports of 127.0.0.1 on which nothing listens now.

    They are random, so that two processes rarely get the same at the same time. Raises OSError if there are too few
    free ports.
    """
    ports = candidates(*ephemeral_range())
    random.shuffle(ports)
    free = list(islice(filter(is_free, ports), count))
    if len(free) < count:
        raise OSError(f"127.0.0.1 has {len(free)} free ports outside the ephemeral range, {count} are needed")
    return free


def is_free(port: int) -> bool:
    """Return whether nothing listens on that port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
